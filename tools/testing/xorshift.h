/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers that are the same for the same seed (xorshift64*). */
#ifndef _XORSHIFT_H
#define _XORSHIFT_H

#include <linux/types.h>

/* Return a random number below @n, which is at most 2^48. @state must not be 0. */
static inline __u64 xorshift_below(__u64 *state, __u64 n)
{
	__u64 x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return (x * 0x2545f4914f6cdd1dULL >> 16) % n;
}

#endif /* _XORSHIFT_H */
