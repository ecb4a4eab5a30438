// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <linux/iokmem.h>

int main(void)
{
	struct iokmem_create_buffer buffer = {
		.size = sizeof(buffer),
		.capacity = 1 << 20,
		.map_options = IOKMEM_MAP_ANYWHERE,
	};
	int dev = open("/dev/iokmem", O_RDWR);
	char *bytes;

	if (dev < 0 || ioctl(dev, IOKMEM_CREATE_BUFFER, &buffer)) {
		perror("/dev/iokmem");
		return 1;
	}
	/* Other processes that buffer.fd is passed to map it by IOKMEM_CREATE_MAPPING. */
	bytes = (char *)(uintptr_t)buffer.address;
	snprintf(bytes, buffer.capacity, "Hello from user space");
	puts(bytes);
	return 0;
}
