// SPDX-License-Identifier: GPL-2.0
/*
 * NUMA nodes that the calling task's memory comes from: as its cpuset and its memory policy
 * say, like memory of the page allocator. The kernel's own functions for that are not for
 * modules.
 *
 * Another task may change the cpuset at any time, and with it the policy. A change in the
 * midst of a look is harmless: memory that was allocated before may stay where it is, too.
 */
#include <linux/cpuset.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "page/node.h"

#ifdef CONFIG_NUMA
/* Only the calling task itself replaces its policy. */
static const struct mempolicy *policy(void)
{
	return current->mempolicy;
}

static bool is_bound(void)
{
	return policy() && policy()->mode == MPOL_BIND;
}

/* Return the node that the policy names, or asks to be near to. */
static int node_of_policy(void)
{
	int local = numa_mem_id();

	if (!policy() || nodes_empty(policy()->nodes))
		return local;
	switch (policy()->mode) {
	case MPOL_DEFAULT:
	case MPOL_LOCAL:
		return local;
	case MPOL_PREFERRED:
		return first_node(policy()->nodes);
	case MPOL_BIND:
	case MPOL_PREFERRED_MANY:
		return iokmem_node_nearest(local, &policy()->nodes);
	default:
		/* One after the other, see iokmem_node_taken(). */
		return next_node_in(current->il_prev, policy()->nodes);
	}
}
#endif

/*
 * iokmem_nodes_allowed - find the nodes that the calling task's memory may be on
 */
void iokmem_nodes_allowed(nodemask_t *nodes)
{
	nodes_and(*nodes, cpuset_current_mems_allowed, node_states[N_MEMORY]);
#ifdef CONFIG_NUMA
	/* As in the kernel, a policy that leaves no node does not count. */
	if (is_bound() && nodes_intersects(*nodes, policy()->nodes))
		nodes_and(*nodes, *nodes, policy()->nodes);
#endif
}

/*
 * iokmem_node_nearest - return the node of @nodes that is nearest to @nid
 *
 * Returns NUMA_NO_NODE if there is none.
 */
int iokmem_node_nearest(int nid, const nodemask_t *nodes)
{
	int best = NUMA_NO_NODE, node;

	if (node_isset(nid, *nodes))
		return nid;
	for_each_node_mask(node, *nodes)
		if (best == NUMA_NO_NODE || node_distance(nid, node) < node_distance(nid, best))
			best = node;
	return best;
}

/*
 * iokmem_node_taken - take note of memory that the page allocator has not given
 *
 * With MPOL_INTERLEAVE the next memory comes from the next node.
 */
void iokmem_node_taken(int nid)
{
#ifdef CONFIG_NUMA
	if (policy() && policy()->mode == MPOL_INTERLEAVE)
		current->il_prev = nid;
#endif
}

/*
 * iokmem_node_preferred - return the node that the calling task's next memory comes from
 *
 * @allowed is from iokmem_nodes_allowed(). Returns NUMA_NO_NODE if it is empty.
 */
int iokmem_node_preferred(const nodemask_t *allowed)
{
#ifdef CONFIG_NUMA
	return iokmem_node_nearest(node_of_policy(), allowed);
#else
	return iokmem_node_nearest(numa_mem_id(), allowed);
#endif
}
