/* SPDX-License-Identifier: GPL-2.0 */
/* Descriptors of every kind of memory, for tests that run on all of them. */
#ifndef _IOKMEM_KUNIT_KINDS_H
#define _IOKMEM_KUNIT_KINDS_H

#include <linux/pci.h>

#include "helpers.h"
#include "page/compat.h"

/* Not a multiple of a page. Kinds that have only whole pages round it up. */
#define KIND_LENGTH	(3 * PAGE_SIZE + 123)

/* Memory that the kernel's command line reserves for these tests. See scripts/check. */
#define RESERVED_START	0x3e000000UL
#define RESERVED_SIZE	SZ_4M

/**
 * struct kind - a kind of memory
 * @name: for people
 * @make: create a descriptor of KIND_LENGTH bytes or a little more, which the end of
 *	the test puts
 * @comes_and_goes: its frames are known only while it is prepared
 * @needs_prepare: its bytes are accessible only while it is prepared
 * @not_counted: preparations of it are not counted
 * @no_segments: its physical addresses are never known
 * @no_counts: its pages are not the kernel's to count
 * @no_user_map: other user tasks cannot map it
 * @no_own_kernel_map: the kernel has no addresses of it but its own
 * @export_error: why no dma-buf of it can be made, or 0
 * @imported: it is the memory of a dma-buf already
 * @held_to_write: it can be written while it is held, even if the first holder only reads it
 * @combined_error: why it cannot be mapped write-combined; 0: the request retypes all of it
 * @device_error: why a device that is not its own cannot see it, or 0
 * @pinnable: pages of a map of it can be pinned
 */
struct kind {
	const char *name;
	struct iokmem_desc *(*make)(struct kunit *test);
	bool comes_and_goes;
	bool needs_prepare;
	bool not_counted;
	bool no_segments;
	bool no_counts;
	bool no_user_map;
	bool no_own_kernel_map;
	int export_error;
	bool imported;
	bool held_to_write;
	int combined_error;
	int device_error;
	bool pinnable;
};

extern const struct kind kinds[];
extern const unsigned int nr_kinds;

/* All kinds, for KUNIT_CASE_PARAM(). */
KUNIT_GENERATOR(kind_gen_params);

/* Create a descriptor of the kind, and give the test an address space. */
struct iokmem_desc *make_kind(struct kunit *test, const struct kind *kind);

/* Map memory in the current address space, @shared or private. */
unsigned long user_memory(struct kunit *test, size_t length, bool shared);

/* Write the pattern to memory of the current address space. */
void fill_user(struct kunit *test, unsigned long address, size_t length);

/* Describe addresses of the current task. */
struct iokmem_desc *range(struct kunit *test, unsigned long address, size_t length,
			  u32 options);

/* Return the error of describing them, or 0. */
int range_error(unsigned long address, size_t length, u32 options);

/* Return true if all bytes of a descriptor are the pattern from byte @first on. */
bool reads_pattern(struct kunit *test, struct iokmem_desc *desc, size_t first);

/* Skip the test if no memory was reserved. */
void need_reserved(struct kunit *test);

/* Create a device that reaches all memory. A test that needs two has to name one. */
struct device *device(struct kunit *test);
struct device *device_named(struct kunit *test, const char *name);

/*
 * Create a device whose transfers always bounce. Skips the test if there is no memory to bounce
 * in. Small machines have some with the boot option iommu=soft.
 */
struct device *bouncing_device(struct kunit *test, const char *name);

struct device *keep_bus_device(struct kunit *test, struct pci_dev *pci);

/*
 * Return QEMU's edu device, which reaches 28 bits, and whose bus may have an IOMMU. It needs
 * no driver. Skips the test if there is no such device. Inline, because without PCI it never
 * returns, which the compiler must see.
 */
static inline struct device *bus_device(struct kunit *test)
{
	struct pci_dev *pci = pci_get_device(0x1234, 0x11e8, NULL);

	if (!pci)
		kunit_skip(test, "no edu device");
	return keep_bus_device(test, pci);
}

#endif /* _IOKMEM_KUNIT_KINDS_H */
