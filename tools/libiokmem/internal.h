/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declarations that the library's files share. The library has no lock: a fork() in another
 * thread could leave it locked in the child for ever.
 */
#ifndef _LIBIOKMEM_INTERNAL_H
#define _LIBIOKMEM_INTERNAL_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "libiokmem.h"

/* <linux/iokmem.h> has equal numbers. */
#define DIRECTION_MASK	IOKMEM_MEMORY_DIRECTION_INOUT

/**
 * struct iokmem_desc - a descriptor: a file descriptor, and its properties
 * @references: how many
 * @maker: the process that created this buffer, which may always write; 0: none
 * @fd: file descriptor of the kernel's descriptor
 * @direction: IOKMEM_MEMORY_DIRECTION_*
 * @start: where a sub-descriptor begins in its first parent, in bytes
 * @kept: the mappings that live as long as this object
 */
struct iokmem_desc {
	unsigned int references;
	unsigned long maker;
	int fd;
	uint32_t direction;
	uint64_t start;
	struct kept_mapping *kept;
};

/**
 * struct mapping - one reference to a map of the kernel
 * @address: of the first byte
 * @length: in bytes
 * @process: process that it belongs to
 * @read_only: whether it cannot be written
 */
struct mapping {
	uint64_t address;
	uint64_t length;
	unsigned long process;
	bool read_only;
};

static inline int32_t __iokmem_fail(int32_t ret, int err)
{
	errno = err;
	return ret;
}

/* Reference counts and the list of kept mappings are all that ever changes in an object. */
static inline void __iokmem_get(unsigned int *references)
{
	__atomic_fetch_add(references, 1, __ATOMIC_RELAXED);
}

/*
 * Return true if this was the last reference. Everything that others did with the object has
 * then been done.
 */
static inline bool __iokmem_put(unsigned int *references)
{
	return __atomic_fetch_sub(references, 1, __ATOMIC_ACQ_REL) == 1;
}

/* process.c */
unsigned long __iokmem_process(void);

/* desc.c */
int32_t __iokmem_desc_with_fd(int fd, unsigned long maker,
			      struct iokmem_desc **desc);

/* mapping.c */
int32_t __iokmem_mapping_create(struct iokmem_desc *desc, uint64_t options,
				uint64_t address, uint64_t offset,
				uint64_t length, uint64_t alignment,
				uint32_t kernel_options, struct mapping *mapping);
void __iokmem_mapping_release(struct iokmem_desc *desc,
			      const struct mapping *mapping);
bool __iokmem_mapping_is_ours(const struct mapping *mapping);

/* device.c */
struct vfio_iommu_type1_dma_map;
int32_t __iokmem_device_map(struct iokmem_device *device, uint64_t last,
			    struct vfio_iommu_type1_dma_map *map);
void __iokmem_device_unmap(struct iokmem_device *device, uint64_t iova, uint64_t size);

/* kept.c */
void __iokmem_kept_release(struct iokmem_desc *desc);

#endif /* _LIBIOKMEM_INTERNAL_H */
