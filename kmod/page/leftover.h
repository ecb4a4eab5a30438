/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_LEFTOVER_H
#define _IOKMEM_LEFTOVER_H

struct iokmem_charge;
struct page;
struct seq_file;

void iokmem_leftover_add(struct page *page, struct iokmem_charge *charge);
void iokmem_leftover_collect(void);
void iokmem_leftover_show(struct seq_file *m);
void iokmem_leftover_exit(void);

#endif /* _IOKMEM_LEFTOVER_H */
