/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROBE_POISON_H
#define _PROBE_POISON_H

struct iokmem_desc;
struct iokmem_probe_use;

long probe_poison(unsigned long pfn);
long probe_is_poisoned(unsigned long pfn);
int probe_use(struct iokmem_desc *desc, const struct iokmem_probe_use *use);

#endif /* _PROBE_POISON_H */
