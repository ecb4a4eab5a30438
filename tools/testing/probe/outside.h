/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_PROBE_OUTSIDE_H
#define _IOKMEM_PROBE_OUTSIDE_H

struct dentry;

void outside_init(struct dentry *dir);

#endif /* _IOKMEM_PROBE_OUTSIDE_H */
