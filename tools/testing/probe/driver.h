/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_PROBE_DRIVER_H
#define _IOKMEM_PROBE_DRIVER_H

int probe_driver_init(void);
void probe_driver_exit(void);

#endif /* _IOKMEM_PROBE_DRIVER_H */
