/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks for the profiler at the begin and the end of a counted statement: instructions that do
 * nothing, with a number that occurs nowhere else. Programs and the kernel use identical ones.
 */
#ifndef _IOKMEM_BENCH_MARK_H
#define _IOKMEM_BENCH_MARK_H

#define MARK_BEGIN	0x62656769
#define MARK_END	0x656e6473

/* A long no-operation, and its four free bytes. */
#define MARK_OPCODE	"\x0f\x1f\x80"

#define MARK(number)							\
	asm volatile("nopl %c0(%%rax)" : : "i"(number) : "memory")

#endif /* _IOKMEM_BENCH_MARK_H */
