// SPDX-License-Identifier: GPL-2.0-only
/* Hold a map until the input ends, and look whether the memory is as it was. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
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
	bytes = (char *)(uintptr_t)buffer.address;
	memcpy(bytes, "held", sizeof("held"));
	while (getchar() != EOF)
		;
	return strcmp(bytes, "held") || bytes[buffer.capacity - 1];
}
