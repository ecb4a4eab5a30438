/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_DEBUGFS_H
#define _IOKMEM_DEBUGFS_H

void iokmem_debugfs_init(void);
void iokmem_debugfs_exit(void);

#endif /* _IOKMEM_DEBUGFS_H */
