// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leave QEMU with 2n + 1 as its exit code: on x86 through its isa-debug-exit device, on
 * arm64 by a semihosting call.
 */
#include <stdlib.h>
#include <sys/reboot.h>
#include <unistd.h>

#ifdef __aarch64__
static int leave(int n)
{
	/* ADP_Stopped_ApplicationExit, and the code. */
	unsigned long block[2] = { 0x20026, 2 * n + 1 };

	/* SYS_EXIT */
	asm volatile("mov x0, #0x18\n\tmov x1, %0\n\thlt #0xf000"
		     : : "r" (block) : "x0", "x1", "memory");
	return 0;
}
#else
#include <sys/io.h>

static int leave(int n)
{
	if (ioperm(0xf4, 4, 1))
		return -1;
	outl(n, 0xf4);
	return 0;
}
#endif

int main(int argc, char **argv)
{
	sync();
	if (leave(argc > 1 ? atoi(argv[1]) : 0))
		return 2;
	/* Not under QEMU, or without the device. */
	reboot(RB_POWER_OFF);
	return 3;
}
