/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROBE_OPAQUE_H
#define _PROBE_OPAQUE_H

int probe_opaque(void);

#endif /* _PROBE_OPAQUE_H */
