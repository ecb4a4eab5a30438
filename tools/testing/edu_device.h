/* SPDX-License-Identifier: GPL-2.0-only */
/* QEMU's edu devices, and the sample driver that one of them has. */
#ifndef _EDU_DEVICE_H
#define _EDU_DEVICE_H

#include "iokmem_utils.h"

#define PCI_DEVICES	"/sys/bus/pci/devices/"
#define EDU_DRIVER	"/sys/bus/pci/drivers/iokmem-edu/"

/* PCI addresses, such as 0000:00:02.0: of the device that the driver has, and of another one. */
static char slot[32], other[32];

static inline bool is_bound_to(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), EDU_DRIVER "%s", name);
	return !access(path, F_OK);
}

static inline bool is_bound(void)
{
	return is_bound_to(slot);
}

static inline bool find_edu(void)
{
	DIR *dir = opendir(PCI_DEVICES);
	char path[300], line[128];
	struct dirent *entry;
	char *name;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), PCI_DEVICES "%s/modalias", entry->d_name);
		if (!find_line(path, "pci:v00001234d000011E8", line, sizeof(line)))
			continue;
		name = is_bound_to(entry->d_name) || *other ? slot : other;
		snprintf(name, sizeof(slot), "%.31s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return *slot;
}

static inline int bind_edu(void)
{
	return write_file(EDU_DRIVER "bind", slot);
}

static inline int unbind_edu(void)
{
	return write_file(EDU_DRIVER "unbind", slot);
}

#endif /* _EDU_DEVICE_H */
