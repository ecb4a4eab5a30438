/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Results of creating a buffer with two options. The tests of in-kernel callers and of
 * /dev/iokmem take their expected results from this table.
 *
 *	+	both hold
 *	I	EINVAL: the options contradict each other
 *	U	EOPNOTSUPP: such memory cannot have that cache mode
 *	space	the two options exclude each other
 *
 * The diagonal has the result of an option alone.
 */
#ifndef _IOKMEM_OPTION_PAIRS_H
#define _IOKMEM_OPTION_PAIRS_H

enum option {
	OPTION_CONTIGUOUS,
	OPTION_PAGEABLE,
	OPTION_PURGEABLE,
	OPTION_SHARED,
	OPTION_COPYBACK,
	OPTION_UNCACHED,
	OPTION_COMBINED,
	OPTION_THROUGH,
	OPTION_ALIGNED,		/* alignment 64 KiB */
	OPTION_MORE_ALIGNED,	/* alignment 8 MiB, more than one block has */
	OPTION_BELOW,		/* physical mask 0xffffffff */
	OPTION_BELOW_ALIGNED,	/* physical mask 0xffff0000 */
	OPTION_KERNEL,		/* made for IOKMEM_KERNEL_TASK */
	OPTION_TASK,		/* made for a user task */
	NR_OPTIONS
};

/* The flags of options that are bits of a buffer's options. */
static const unsigned int option_flags[NR_OPTIONS] = {
	[OPTION_CONTIGUOUS]	= IOKMEM_PHYSICALLY_CONTIGUOUS,
	[OPTION_PAGEABLE]	= IOKMEM_PAGEABLE,
	[OPTION_PURGEABLE]	= IOKMEM_PURGEABLE,
	[OPTION_SHARED]		= IOKMEM_KERNEL_USER_SHARED,
	[OPTION_COPYBACK]	= IOKMEM_MAP_COPYBACK_CACHE,
	[OPTION_UNCACHED]	= IOKMEM_MAP_INHIBIT_CACHE,
	[OPTION_COMBINED]	= IOKMEM_MAP_WRITE_COMBINE_CACHE,
	[OPTION_THROUGH]	= IOKMEM_MAP_WRITE_THRU_CACHE,
};

static const char option_pairs[NR_OPTIONS][NR_OPTIONS + 1] = {
	/*                         contiguous
	 *                         |pageable
	 *                         ||purgeable
	 *                         |||shared
	 *                         ||||copyback
	 *                         |||||uncached
	 *                         ||||||write-combined
	 *                         |||||||write-through
	 *                         ||||||||aligned
	 *                         |||||||||more
	 *                         ||||||||||below
	 *                         |||||||||||below, aligned
	 *                         ||||||||||||for the kernel
	 *                         |||||||||||||for a task
	 */
	[OPTION_CONTIGUOUS]	= "+II+++++++++++",
	[OPTION_PAGEABLE]	= "I++++UUUIIII++",
	[OPTION_PURGEABLE]	= "I+IIIIIIIIIIII",
	[OPTION_SHARED]		= "++I+++++++++++",
	[OPTION_COPYBACK]	= "++I++   ++++++",
	[OPTION_UNCACHED]	= "+UI+ +  ++++++",
	[OPTION_COMBINED]	= "+UI+  + ++++++",
	[OPTION_THROUGH]	= "+UI+   +++++++",
	[OPTION_ALIGNED]	= "+II++++++ ++++",
	[OPTION_MORE_ALIGNED]	= "+II+++++ +++++",
	[OPTION_BELOW]		= "+II++++++++ ++",
	[OPTION_BELOW_ALIGNED]	= "+II+++++++ +++",
	[OPTION_KERNEL]		= "++I++++++++++ ",
	[OPTION_TASK]		= "++I+++++++++ +",
};

#endif /* _IOKMEM_OPTION_PAIRS_H */
