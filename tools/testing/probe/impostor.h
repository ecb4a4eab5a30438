/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROBE_IMPOSTOR_H
#define _PROBE_IMPOSTOR_H

int probe_silent(void);
int probe_impostor_init(void);
void probe_impostor_exit(void);

#endif /* _PROBE_IMPOSTOR_H */
