/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_PROBE_DEVICE_H
#define _IOKMEM_PROBE_DEVICE_H

struct iokmem_desc;
struct pci_dev;

struct pci_dev *probe_find_device(void);
long probe_fd_of(struct iokmem_desc *desc, u32 flags);
long probe_device_memory(unsigned long what);

#endif /* _IOKMEM_PROBE_DEVICE_H */
