// SPDX-License-Identifier: GPL-2.0-only
/* Leave QEMU through its isa-debug-exit device: n becomes exit code 2n + 1. */
#include <stdlib.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	sync();
	if (ioperm(0xf4, 4, 1))
		return 2;
	outl(argc > 1 ? atoi(argv[1]) : 0, 0xf4);
	/* Not under QEMU, or without the device. */
	reboot(RB_POWER_OFF);
	return 3;
}
