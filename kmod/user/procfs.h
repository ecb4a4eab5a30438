/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_PROCFS_H
#define _IOKMEM_PROCFS_H

int iokmem_procfs_init(void);
void iokmem_procfs_exit(void);

#endif /* _IOKMEM_PROCFS_H */
