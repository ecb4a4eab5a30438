/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_NODE_H
#define _IOKMEM_NODE_H

#include <linux/nodemask.h>

void iokmem_nodes_allowed(nodemask_t *nodes);
int iokmem_node_nearest(int nid, const nodemask_t *nodes);
int iokmem_node_preferred(const nodemask_t *allowed);
void iokmem_node_taken(int nid);

#endif /* _IOKMEM_NODE_H */
