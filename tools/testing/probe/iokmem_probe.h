/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_PROBE_H
#define _IOKMEM_PROBE_H

#include <linux/types.h>

/**
 * struct iokmem_probe - a page table entry
 * @present: all else is meaningless if it is not
 * @write: writable
 * @exec: executable
 * @huge: one of 2 MiB
 * @cache: IOKMEM_MAP_*_CACHE
 * @pfn: the frame that the address itself is in
 */
struct iokmem_probe {
	__u32 present;
	__u32 write;
	__u32 exec;
	__u32 huge;
	__u64 cache;
	__u64 pfn;
};

#endif /* _IOKMEM_PROBE_H */
