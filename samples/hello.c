// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <linux/iokmem.h>

int main(void)
{
	struct iokmem_create_buffer create = { .size = sizeof(create), .capacity = 1 << 20 };
	struct iokmem_create_mapping map = { .size = sizeof(map), .options = IOKMEM_MAP_ANYWHERE };

	if (ioctl(open("/dev/iokmem", O_RDWR), IOKMEM_CREATE_BUFFER, &create) ||
	    ioctl(create.fd, IOKMEM_CREATE_MAPPING, &map)) {
		perror("iokmem");
		return 1;
	}
	/* create.fd can be passed to other processes, which map the same memory. */
	snprintf((char *)(uintptr_t)map.address, map.length, "Hello from user space");
	puts((char *)(uintptr_t)map.address);
	return 0;
}
