// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that a program drives by VFIO. DMA commands map memory for them: see dma.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "internal.h"

/**
 * struct iokmem_device - a device, as DMA sees it
 * @references: how many
 * @container: VFIO's file descriptor
 * @next: where the next search for free addresses begins
 * @nr_ranges: how many
 * @ranges: which of the addresses that the device has for memory can be used
 */
struct iokmem_device {
	unsigned int references;
	int container;
	uint64_t next;
	unsigned int nr_ranges;
	struct vfio_iova_range ranges[];
};

/* Return VFIO's description of the IOMMU, which the caller frees, or NULL. */
static struct vfio_iommu_type1_info *get_info(int container)
{
	struct vfio_iommu_type1_info head = { .argsz = sizeof(head) }, *info;

	if (ioctl(container, VFIO_IOMMU_GET_INFO, &head))
		return NULL;
	info = calloc(1, head.argsz);
	if (!info)
		return NULL;
	info->argsz = head.argsz;
	if (!ioctl(container, VFIO_IOMMU_GET_INFO, info))
		return info;
	free(info);
	return NULL;
}

/* Return the ranges in @info, or NULL. Only the kernel has written there. */
static const struct vfio_iommu_type1_info_cap_iova_range *
find_ranges(const struct vfio_iommu_type1_info *info)
{
	const struct vfio_info_cap_header *cap;
	uint32_t at;

	if (!(info->flags & VFIO_IOMMU_INFO_CAPS))
		return NULL;
	for (at = info->cap_offset; at; at = cap->next) {
		cap = (const void *)((const char *)info + at);
		if (cap->id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE)
			return (const void *)cap;
	}
	return NULL;
}

/**
 * iokmem_device_create_with_vfio - name a device for DMA commands
 * @container: a file descriptor of /dev/vfio/vfio that has the device's group, and
 *	VFIO_TYPE1v2_IOMMU
 * @device: out: the device, or NULL
 *
 * All devices of the container see what is mapped for one. The library chooses addresses that
 * nothing else in the container is mapped at. It has a file descriptor of its own: the program
 * may close @container.
 *
 * Return: BAD_ARGUMENT: NULL; NO_DEVICE: @container is no such file descriptor; NO_MEMORY: the
 * object could not be created.
 */
int32_t iokmem_device_create_with_vfio(int container, struct iokmem_device **device)
{
	const struct vfio_iommu_type1_info_cap_iova_range *ranges;
	struct vfio_iommu_type1_info *info;
	struct iokmem_device *new;
	uint32_t i;

	if (!device)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	*device = NULL;
	info = get_info(container);
	if (!info)
		return IOKMEM_RETURN_NO_DEVICE;
	ranges = find_ranges(info);
	if (!ranges) {
		free(info);
		return __iokmem_fail(IOKMEM_RETURN_NO_DEVICE, EOPNOTSUPP);
	}
	new = calloc(1, sizeof(*new) + ranges->nr_iovas * sizeof(new->ranges[0]));
	if (!new)
		goto err_info;
	new->container = fcntl(container, F_DUPFD_CLOEXEC, 0);
	if (new->container < 0)
		goto err_new;
	new->references = 1;
	new->nr_ranges = ranges->nr_iovas;
	for (i = 0; i < new->nr_ranges; i++)
		new->ranges[i] = ranges->iova_ranges[i];
	free(info);
	*device = new;
	return IOKMEM_RETURN_SUCCESS;

err_new:
	free(new);
err_info:
	free(info);
	return IOKMEM_RETURN_NO_MEMORY;
}

/**
 * iokmem_device_get - take a reference (OSObject::retain)
 * @device: the device
 *
 * Return: @device.
 */
struct iokmem_device *iokmem_device_get(struct iokmem_device *device)
{
	__iokmem_get(&device->references);
	return device;
}

/**
 * iokmem_device_put - drop a reference (OSObject::release)
 * @device: the device, or NULL
 *
 * DMA commands have references of their own.
 */
void iokmem_device_put(struct iokmem_device *device)
{
	if (!device || !__iokmem_put(&device->references))
		return;
	close(device->container);
	free(device);
}

/*
 * Find the first place for @length bytes from @iova on, and up to @last. No address is 0, which
 * devices may take for none. @length and @page are not 0.
 */
static bool find_place(const struct iokmem_device *device, uint64_t page, uint64_t last,
		       uint64_t length, uint64_t *iova)
{
	unsigned int i;

	for (i = 0; i < device->nr_ranges; i++) {
		uint64_t start = device->ranges[i].start, end = device->ranges[i].end;

		if (start < *iova)
			start = *iova;
		if (start < page)
			start = page;
		if (end > last)
			end = last;
		if (start > end || (start & (page - 1)))
			continue;
		if (end - start >= length - 1) {
			*iova = start;
			return true;
		}
	}
	return false;
}

/*
 * Map the memory at the first place from @iova on where nothing else is mapped: the kernel knows
 * what is. Steps are as long as the memory, or, to @hurry, twice as long each time.
 */
static int32_t try_places(struct iokmem_device *device, uint64_t iova, uint64_t last, bool hurry,
			  struct vfio_iommu_type1_dma_map *map)
{
	uint64_t page = sysconf(_SC_PAGESIZE), step = map->size;

	while (find_place(device, page, last, map->size, &iova)) {
		map->iova = iova;
		if (!ioctl(device->container, VFIO_IOMMU_MAP_DMA, map))
			return IOKMEM_RETURN_SUCCESS;
		if (errno != EEXIST)
			return IOKMEM_RETURN_ERROR;
		if (step > UINT64_MAX - iova)
			break;
		iova += step;
		if (hurry && step <= UINT64_MAX / 2)
			step *= 2;
	}
	return __iokmem_fail(IOKMEM_RETURN_NO_RESOURCES, ENOSPC);
}

/*
 * Map @map->size bytes at @map->vaddr for the device, in whole pages, and store @map->iova. No
 * byte is above @last. Addresses behind the latest ones are probably free. If none is, look at
 * all.
 */
int32_t __iokmem_device_map(struct iokmem_device *device, uint64_t last,
			    struct vfio_iommu_type1_dma_map *map)
{
	uint64_t next = __atomic_load_n(&device->next, __ATOMIC_RELAXED);
	int32_t ret;

	ret = try_places(device, next, last, true, map);
	if (ret == IOKMEM_RETURN_NO_RESOURCES)
		ret = try_places(device, 0, last, false, map);
	if (!ret)
		__atomic_store_n(&device->next, map->iova + map->size, __ATOMIC_RELAXED);
	return ret;
}

/* Unmap what has been mapped. errno does not change. */
void __iokmem_device_unmap(struct iokmem_device *device, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};
	int err = errno;

	ioctl(device->container, VFIO_IOMMU_UNMAP_DMA, &unmap);
	errno = err;
}
