// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of QEMU's edu device, as a driver of the device would hand it to a program.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/pci.h>

#include <linux/iokmem.h>

#include "device.h"
#include "iokmem_probe.h"

#define PROBE_COHERENT_SIZE	SZ_64K

/* Return the edu device that has a driver, with a reference, or NULL. */
struct pci_dev *probe_find_device(void)
{
	struct pci_dev *pci = NULL;

	do {
		pci = pci_get_device(0x1234, 0x11e8, pci);
	} while (pci && !pci->dev.driver);
	return pci;
}

static struct iokmem_desc *describe(struct pci_dev *pci, unsigned long what)
{
	switch (what) {
	case IOKMEM_PROBE_COHERENT:
		return iokmem_buffer_coherent(&pci->dev, IOKMEM_DIRECTION_INOUT,
					      PROBE_COHERENT_SIZE);
	case IOKMEM_PROBE_REGISTERS:
		return iokmem_device_memory_with_range(&pci->dev, pci_resource_start(pci, 0),
						       pci_resource_len(pci, 0),
						       IOKMEM_DIRECTION_INOUT);
	default:
		return ERR_PTR(-EINVAL);
	}
}

/*
 * Return a file descriptor of @desc, whose reference it takes over, or an error. @flags: see
 * iokmem_desc_get_file().
 */
long probe_fd_of(struct iokmem_desc *desc, u32 flags)
{
	struct file *file;
	int fd;

	if (IS_ERR(desc))
		return PTR_ERR(desc);
	file = iokmem_desc_get_file(desc, flags);
	iokmem_desc_put(desc);
	if (IS_ERR(file))
		return PTR_ERR(file);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		fput(file);
	else
		fd_install(fd, file);
	return fd;
}

/* Return a file descriptor of the memory, or an error. */
long probe_device_memory(unsigned long what)
{
	struct pci_dev *pci = probe_find_device();
	struct iokmem_desc *desc;

	if (!pci)
		return -ENXIO;
	desc = describe(pci, what);
	pci_dev_put(pci);
	return probe_fd_of(desc, 0);
}
