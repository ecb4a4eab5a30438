// SPDX-License-Identifier: GPL-2.0
/* A program that has QEMU's edu device copy bytes by DMA. See iokmem_edu.c. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "iokmem_edu.h"

int main(void)
{
	struct iokmem_edu_map map = { .size = sizeof(map) };
	struct iokmem_edu_copy copy = { .size = sizeof(copy), .from = 100, .to = 9000 };
	int fd = open("/dev/iokmem-edu", O_RDWR);
	char *bytes;

	if (fd < 0 || ioctl(fd, IOKMEM_EDU_MAP, &map)) {
		perror("/dev/iokmem-edu");
		return 1;
	}
	bytes = (char *)(uintptr_t)map.address;
	copy.length = sprintf(bytes + copy.from, "Carried by a device") + 1;
	if (ioctl(fd, IOKMEM_EDU_COPY, &copy)) {
		perror("copy");
		return 1;
	}
	puts(bytes + copy.to);
	return strcmp(bytes + copy.to, bytes + copy.from);
}
