/* SPDX-License-Identifier: GPL-2.0-only */
/* The kinds of memory to compare: iokmem's and its neighbours'. */
#ifndef _IOKMEM_BENCH_KINDS_H
#define _IOKMEM_BENCH_KINDS_H

#include "bench.h"

#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include <drm/drm.h>

struct kind;

/* One piece of memory. */
struct memory {
	const struct kind *kind;
	size_t size;
	int fd;
	__u32 handle;	/* for kinds whose memory is not a file */
	__u64 offset;	/* offset for mmap() */
};

/**
 * struct kind - how memory of this kind is made, seen and given back
 * @name: in the table
 * @huge: of huge pages, so nothing smaller than one can be had
 * @options: a buffer's, of iokmem's kinds
 * @map_options: a map's, of iokmem's kinds
 * @create: the kind and the size are set
 * @create_mapped: create and map all of it in one call, and return the address; or NULL
 * @map: a window of it; returns the address
 * @unmap: undoes it
 * @destroy: undoes @create; nothing is mapped
 */
struct kind {
	const char *name;
	bool huge;
	__u32 options;
	__u32 map_options;
	void (*create)(struct memory *memory);
	char *(*create_mapped)(struct memory *memory);
	char *(*map)(const struct memory *memory, size_t offset, size_t length);
	void (*unmap)(const struct memory *memory, char *address, size_t length);
	void (*destroy)(struct memory *memory);
};

/* Kinds whose memory is a file of its own. */

static char *file_map(const struct memory *memory, size_t offset, size_t length)
{
	char *address = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED,
			     memory->fd, memory->offset + offset);

	NEED(address != MAP_FAILED);
	return address;
}

static void file_unmap(const struct memory *memory, char *address, size_t length)
{
	NEED(!munmap(address, length));
}

static void file_destroy(struct memory *memory)
{
	NEED(!close(memory->fd));
}

/* iokmem. */

static int iokmem_dev = -1;

static void iokmem_create(struct memory *memory)
{
	memory->fd = create(device(&iokmem_dev, DEVICE),
			    IOKMEM_DIRECTION_INOUT | memory->kind->options,
			    memory->size, 0);
	NEED(memory->fd >= 0);
}

static char *iokmem_create_mapped(struct memory *memory)
{
	char *address;

	memory->fd = create_mapped(device(&iokmem_dev, DEVICE),
				   IOKMEM_DIRECTION_INOUT | memory->kind->options,
				   memory->size,
				   IOKMEM_MAP_ANYWHERE | memory->kind->map_options, &address);
	NEED(memory->fd >= 0);
	return address;
}

static char *iokmem_map(const struct memory *memory, size_t offset, size_t length)
{
	char *address;

	NEED(!map(memory->fd, memory->kind->map_options, offset, length, &address));
	return address;
}

static void iokmem_unmap(const struct memory *memory, char *address, size_t length)
{
	NEED(!release(memory->fd, address, length));
}

/* With the options of memory that drivers share. */
static void iokmem_dmabuf_create(struct memory *memory)
{
	int fd;

	iokmem_create(memory);
	fd = get_dma_buf(memory->fd, 0);
	NEED(fd >= 0 && !close(memory->fd));
	memory->fd = fd;
}

/* memfd. */

static void memfd_make(struct memory *memory, unsigned int flags)
{
	memory->fd = memfd_create("bench", MFD_CLOEXEC | flags);
	NEED(memory->fd >= 0);
	NEED(!ftruncate(memory->fd, memory->size));
}

static void memfd_make_plain(struct memory *memory)
{
	memfd_make(memory, 0);
}

/* The guest gives huge pages to mappings that ask for them. */
static char *memfd_map_huge(const struct memory *memory, size_t offset, size_t length)
{
	char *address = file_map(memory, offset, length);

	NEED(!madvise(address, length, MADV_HUGEPAGE));
	return address;
}

static void hugetlb_create(struct memory *memory)
{
	memfd_make(memory, MFD_HUGETLB);
}

/* udmabuf: a dma-buf of a memfd's pages. */

static void udmabuf_create(struct memory *memory)
{
	struct udmabuf_create arg = { .size = memory->size };
	static int dev = -1;

	memfd_make(memory, MFD_ALLOW_SEALING);
	NEED(!fcntl(memory->fd, F_ADD_SEALS, F_SEAL_SHRINK));
	arg.memfd = memory->fd;
	memory->fd = ioctl(device(&dev, "/dev/udmabuf"), UDMABUF_CREATE, &arg);
	NEED(memory->fd >= 0);
	NEED(!close(arg.memfd));
}

/* The heaps of dma-bufs. */

static void heap_create(struct memory *memory, int dev)
{
	struct dma_heap_allocation_data arg = {
		.len = memory->size,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};

	NEED(!ioctl(dev, DMA_HEAP_IOCTL_ALLOC, &arg));
	memory->fd = arg.fd;
}

static void system_heap_create(struct memory *memory)
{
	static int dev = -1;

	heap_create(memory, device(&dev, "/dev/dma_heap/system"));
}

static void cma_heap_create(struct memory *memory)
{
	static int dev = -1;

	heap_create(memory, device(&dev, "/dev/dma_heap/reserved"));
}

/* vgem: a graphics buffer, a line of pixels for each page. */

static void vgem_create(struct memory *memory)
{
	struct drm_mode_create_dumb create = {
		.width = PAGE / 4,
		.height = memory->size / PAGE,
		.bpp = 32,
	};
	struct drm_mode_map_dumb map = {};
	static int dev = -1;

	memory->fd = device(&dev, "/dev/dri/card0");
	NEED(!ioctl(memory->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create));
	NEED(create.size == memory->size);
	map.handle = create.handle;
	NEED(!ioctl(memory->fd, DRM_IOCTL_MODE_MAP_DUMB, &map));
	memory->handle = create.handle;
	memory->offset = map.offset;
}

static void vgem_destroy(struct memory *memory)
{
	struct drm_mode_destroy_dumb destroy = { .handle = memory->handle };

	NEED(!ioctl(memory->fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy));
}

#define IOKMEM_KIND(_name, _options, _map_options)			\
	{								\
		.name = _name,						\
		.options = _options,					\
		.map_options = _map_options,				\
		.create = iokmem_create,				\
		.create_mapped = iokmem_create_mapped,			\
		.map = iokmem_map,					\
		.unmap = iokmem_unmap,					\
		.destroy = file_destroy,				\
	}

#define FILE_KIND(_name, _huge, _create, _map, _destroy)		\
	{								\
		.name = _name,						\
		.huge = _huge,						\
		.create = _create,					\
		.map = _map,						\
		.unmap = file_unmap,					\
		.destroy = _destroy,					\
	}

static const struct kind kinds[] = {
	IOKMEM_KIND("iokmem", 0, 0),
	IOKMEM_KIND("iokmem prefault", 0, IOKMEM_MAP_PREFAULT),
	IOKMEM_KIND("iokmem pinnable", 0, IOKMEM_MAP_PINNABLE),
	IOKMEM_KIND("iokmem contiguous", IOKMEM_PHYSICALLY_CONTIGUOUS, 0),
	IOKMEM_KIND("iokmem write-combine", IOKMEM_MAP_WRITE_COMBINE_CACHE, 0),
	IOKMEM_KIND("iokmem uncached", IOKMEM_MAP_INHIBIT_CACHE, 0),
	IOKMEM_KIND("iokmem pageable", IOKMEM_PAGEABLE, 0),
	FILE_KIND("iokmem dma-buf", false, iokmem_dmabuf_create, file_map, file_destroy),
	FILE_KIND("memfd", false, memfd_make_plain, file_map, file_destroy),
	FILE_KIND("memfd huge pages", true, memfd_make_plain, memfd_map_huge, file_destroy),
	FILE_KIND("memfd hugetlb", true, hugetlb_create, file_map, file_destroy),
	FILE_KIND("udmabuf", false, udmabuf_create, file_map, file_destroy),
	FILE_KIND("dma-buf system heap", false, system_heap_create, file_map, file_destroy),
	FILE_KIND("dma-buf CMA heap", false, cma_heap_create, file_map, file_destroy),
	FILE_KIND("vgem", false, vgem_create, file_map, vgem_destroy),
};

/* Broken memory allows only kinds that can consist of single pages. */
static inline bool can_have(const struct kind *kind, size_t size)
{
	if (kind->huge && size < PMD)
		return false;
	return !largest_block || (!kind->huge && kind->create != cma_heap_create &&
				  !(kind->options & IOKMEM_PHYSICALLY_CONTIGUOUS));
}

/* Huge pages are mapped as such, and graphics buffers only as a whole. */
static inline bool can_map_page(const struct kind *kind)
{
	return !kind->huge && kind->create != vgem_create;
}

#endif /* _IOKMEM_BENCH_KINDS_H */
