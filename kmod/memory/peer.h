/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_PEER_H
#define _IOKMEM_PEER_H

#include <linux/types.h>

struct device;

#ifdef CONFIG_PCI
int iokmem_peer_check(struct device *dev, phys_addr_t address, size_t length);
#else
static inline int iokmem_peer_check(struct device *dev, phys_addr_t address, size_t length)
{
	return 0;
}
#endif

#endif /* _IOKMEM_PEER_H */
