/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_CHARDEV_H
#define _IOKMEM_CHARDEV_H

int iokmem_chardev_init(void);
void iokmem_chardev_exit(void);

#endif /* _IOKMEM_CHARDEV_H */
