/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_PROBE_H
#define _IOKMEM_PROBE_H

#include <linux/types.h>

/**
 * struct iokmem_probe - a page table entry
 * @present: if false, the other members mean nothing
 * @write: writable
 * @exec: executable
 * @huge: a huge one
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

/* Content of the buffer that iokmem_probe/outside maps, and its length. */
#define IOKMEM_PROBE_TEXT	"mapped from outside"
#define IOKMEM_PROBE_LENGTH	sizeof(IOKMEM_PROBE_TEXT)

/**
 * struct iokmem_probe_outside - a map that was made from outside
 * @address: where it is
 * @length: in bytes
 */
struct iokmem_probe_outside {
	__u64 address;
	__u64 length;
};

#endif /* _IOKMEM_PROBE_H */
