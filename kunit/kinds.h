/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors of every kind of memory, for the tests that all of them have to pass.
 */
#ifndef _IOKMEM_KUNIT_KINDS_H
#define _IOKMEM_KUNIT_KINDS_H

#include <linux/pci.h>

#include "helpers.h"
#include "page/compat.h"

/* Not whole pages, but for the kinds that have only such. */
#define KIND_LENGTH	(3 * PAGE_SIZE + 123)

/* Memory that is reserved for these tests on the kernel's command line, see check. */
#define RESERVED_START	0x3e000000UL
#define RESERVED_SIZE	SZ_4M

/**
 * struct kind - a kind of memory
 * @name: for people
 * @make: a descriptor of it, of KIND_LENGTH or a little more, which the end of the
 *	test puts
 * @comes_and_goes: its frames are known only while it is prepared
 * @needs_prepare: so are its bytes
 * @not_counted: preparations of it are not counted
 * @no_segments: its physical addresses are never known
 * @no_counts: its pages are not the kernel's to count
 * @no_user_map: other user tasks cannot map it
 * @no_own_kernel_map: the kernel has no addresses of it but its own
 * @export_error: why no dma-buf of it can be made, or 0
 * @imported: it is one already
 * @held_to_write: it is held for writing, whoever holds it
 * @combined_error: why it cannot be mapped write-combined, or 0: then all of it is
 * @device_error: why a device that is not its own cannot see it, or 0
 * @pinnable: others can keep pages of a map of it
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

/* For KUNIT_CASE_PARAM(): all kinds. */
KUNIT_GENERATOR(kind_gen_params);

/* The kind's descriptor, with an address space around. */
struct iokmem_desc *make_kind(struct kunit *test, const struct kind *kind);

/* Memory of the current address space; shared memory if so. */
unsigned long user_memory(struct kunit *test, size_t length, bool shared);

/* Skips the test if no memory was reserved. */
void need_reserved(struct kunit *test);

/* A device that reaches all memory. A test that needs two has to name one. */
struct device *device(struct kunit *test);
struct device *device_named(struct kunit *test, const char *name);

struct device *keep_bus_device(struct kunit *test, struct pci_dev *pci);

/*
 * QEMU's edu device, which reaches 28 bits: its bus may have an IOMMU. Nobody has to
 * drive it. Skips the test if it is not there; never to return, where there is no bus, so
 * the compiler must see it.
 */
static inline struct device *bus_device(struct kunit *test)
{
	struct pci_dev *pci = pci_get_device(0x1234, 0x11e8, NULL);

	if (!pci)
		kunit_skip(test, "no edu device");
	return keep_bus_device(test, pci);
}

#endif /* _IOKMEM_KUNIT_KINDS_H */
