/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_SHOW_H
#define _IOKMEM_SHOW_H

struct iokmem_desc;
struct iokmem_map;
struct seq_file;

unsigned int iokmem_nr_extents(struct iokmem_desc *desc);
unsigned int iokmem_nr_maps(struct iokmem_desc *desc);
void iokmem_show_desc(struct seq_file *m, struct iokmem_desc *desc);
void iokmem_show_listed(struct seq_file *m, struct iokmem_desc *desc);
void iokmem_show_map(struct seq_file *m, const struct iokmem_map *map);

#endif /* _IOKMEM_SHOW_H */
