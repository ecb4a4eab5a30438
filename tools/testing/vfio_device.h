/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's edu device, driven by VFIO. It copies bytes between memory and its own 4 KiB by DMA, with
 * addresses of 28 bits. samples/iokmem_edu.c has its registers.
 */
#ifndef _VFIO_DEVICE_H
#define _VFIO_DEVICE_H

#include "edu_device.h"

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#define VFIO_DRIVER	"/sys/bus/pci/drivers/vfio-pci/"

#define EDU_SOURCE	0x80
#define EDU_DESTINATION	0x88
#define EDU_COUNT	0x90
#define EDU_COMMAND	0x98
#define EDU_START	1
#define EDU_TO_MEMORY	2
#define EDU_MEMORY	0x40000

/**
 * struct vfio_device - a device and its IOMMU
 * @container: the IOMMU
 * @group: of the device
 * @fd: the device
 * @registers: mapped, or NULL
 * @length: of the registers
 */
struct vfio_device {
	int container;
	int group;
	int fd;
	volatile uint32_t *registers;
	size_t length;
};

/* Give the device that the sample driver does not use to VFIO. Return its group, or -errno. */
static inline int vfio_bind(void)
{
	char path[300], group[300];
	ssize_t n;
	int err;

	snprintf(path, sizeof(path), PCI_DEVICES "%s/driver_override", other);
	err = write_file(path, "vfio-pci");
	if (!err)
		err = write_file(VFIO_DRIVER "bind", other);
	if (err)
		return err;
	snprintf(path, sizeof(path), PCI_DEVICES "%s/iommu_group", other);
	n = readlink(path, group, sizeof(group) - 1);
	if (n < 0)
		return -errno;
	group[n] = '\0';
	return atoi(strrchr(group, '/') + 1);
}

static inline void vfio_unbind(void)
{
	write_file(VFIO_DRIVER "unbind", other);
}

static inline bool vfio_map_registers(struct vfio_device *device)
{
	struct vfio_region_info bar = { .argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX };
	struct vfio_region_info config = {
		.argsz = sizeof(config),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t command;
	void *registers;

	if (ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, &bar) ||
	    ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, &config))
		return false;
	/* Let the device transfer. */
	if (pread(device->fd, &command, 2, config.offset + PCI_COMMAND) != 2)
		return false;
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	if (pwrite(device->fd, &command, 2, config.offset + PCI_COMMAND) != 2)
		return false;
	registers = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, device->fd,
			 bar.offset);
	if (registers == MAP_FAILED)
		return false;
	device->registers = registers;
	device->length = bar.size;
	return true;
}

static inline bool vfio_open(struct vfio_device *device, int group)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	device->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	device->group = open(path, O_RDWR | O_CLOEXEC);
	if (ioctl(device->group, VFIO_GROUP_SET_CONTAINER, &device->container) ||
	    ioctl(device->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return false;
	device->fd = ioctl(device->group, VFIO_GROUP_GET_DEVICE_FD, other);
	return device->fd >= 0 && vfio_map_registers(device);
}

static inline void vfio_close(struct vfio_device *device)
{
	if (device->registers)
		munmap((void *)device->registers, device->length);
	close(device->fd);
	close(device->group);
	close(device->container);
}

/* Copy to the device's own memory, or from there. One transfer is shorter than 4 KiB. */
static inline void vfio_transfer(void *data, uint64_t iova, uint32_t length, bool to_memory)
{
	struct vfio_device *device = data;
	volatile uint32_t *registers = device->registers;
	int i;

	registers[EDU_SOURCE / 4] = to_memory ? EDU_MEMORY : iova;
	registers[EDU_DESTINATION / 4] = to_memory ? iova : EDU_MEMORY;
	registers[EDU_COUNT / 4] = length;
	registers[EDU_COMMAND / 4] = EDU_START | (to_memory ? EDU_TO_MEMORY : 0);
	for (i = 0; i < 1000 && registers[EDU_COMMAND / 4] & EDU_START; i++)
		usleep(10000);
}

/* Unmap everything, and return how many bytes were mapped. */
static inline uint64_t vfio_unmap_all(struct vfio_device *device)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.flags = VFIO_DMA_UNMAP_FLAG_ALL,
	};

	return ioctl(device->container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? UINT64_MAX : unmap.size;
}

#endif /* _VFIO_DEVICE_H */
