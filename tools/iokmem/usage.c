// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much memory each process, and each user, has by descriptors.
 *
 * A descriptor's memory counts for each process that has a file descriptor or a map of it, once.
 * Windows and multi-descriptors have no memory of their own: they count as what they are of.
 */
#include <stdlib.h>

#include "usage.h"

/* One process, or user, uses the memory of one descriptor. */
struct use {
	__u64 who;
	__u64 id;
	__u64 bytes;
	unsigned int files;
	unsigned int maps;
};

struct uses {
	struct use *array;
	size_t nr;
};

static void add_use(struct uses *uses, struct use use)
{
	uses->array = grow(uses->array, uses->nr, sizeof(use));
	uses->array[uses->nr++] = use;
}

/* Add the use of a descriptor. @use has @who, and how much of the memory is known to be used. */
static void add_desc(const struct view *view, struct uses *uses, struct use use)
{
	struct desc *desc = view_desc(view, use.id), *parent;
	size_t i;

	if (!desc) {
		add_use(uses, use);
		return;
	}
	use.bytes = desc->v[D_RESIDENT].number;
	parent = desc->v[D_PARENT].known ? view_desc(view, desc->v[D_PARENT].number) : NULL;
	if (parent) {
		use.id = parent->v[D_ID].number;
		use.bytes = parent->v[D_RESIDENT].number;
	} else if (desc->v[D_PARENT].known) {
		/* Somebody else has the rest, and does not show it. */
		use.bytes = desc->v[D_LENGTH].number;
	}
	add_use(uses, use);
	use.files = 0;
	use.maps = 0;
	for (i = 0; i < desc->nr_members; i++) {
		struct desc *member = view_desc(view, desc->members[i].id);

		use.id = desc->members[i].id;
		use.bytes = member ? member->v[D_RESIDENT].number : desc->members[i].length;
		add_use(uses, use);
	}
}

static int compare_uses(const void *a, const void *b)
{
	const struct use *one = a, *other = b;

	if (one->who != other->who)
		return one->who > other->who ? 1 : -1;
	return (one->id > other->id) - (one->id < other->id);
}

static int compare_usages(const void *a, const void *b)
{
	const struct usage *one = a, *other = b;

	if (one->bytes != other->bytes)
		return one->bytes < other->bytes ? 1 : -1;
	return (one->id > other->id) - (one->id < other->id);
}

/* Add up the uses, and sort the sums by memory. Frees the uses. */
static struct usage *sum(struct uses *uses, size_t *nr)
{
	struct usage *sums = NULL, *last = NULL;
	__u64 counted = 0;
	size_t i;

	*nr = 0;
	if (uses->nr)
		qsort(uses->array, uses->nr, sizeof(*uses->array), compare_uses);
	for (i = 0; i < uses->nr; i++) {
		const struct use *use = &uses->array[i];

		if (!last || last->id != use->who) {
			sums = grow(sums, *nr, sizeof(*sums));
			last = &sums[(*nr)++];
			*last = (struct usage){ .id = use->who };
		}
		if (!i || compare_uses(use - 1, use)) {
			last->nr_descs++;
			counted = 0;
		}
		/* Several looks at one descriptor may have seen different parts of it. */
		if (use->bytes > counted) {
			last->bytes += use->bytes - counted;
			counted = use->bytes;
		}
		last->nr_files += use->files;
		last->nr_maps += use->maps;
	}
	free(uses->array);
	if (*nr)
		qsort(sums, *nr, sizeof(*sums), compare_usages);
	return sums;
}

/* Collect all uses, of users or of processes. */
static struct uses collect(const struct view *view, bool of_users)
{
	struct uses uses = {};
	size_t i;

	for (i = 0; i < view->nr_files; i++) {
		const struct file *file = &view->files[i];
		struct process *process = view_process(view, file->pid);

		if (process)
			add_desc(view, &uses, (struct use){
				.who = of_users ? process->uid : (__u64)file->pid,
				.id = file->id,
				.files = 1,
			});
	}
	for (i = 0; i < view->nr_maps; i++) {
		const struct value *v = view->maps[i].v;
		struct process *process = v[M_PID].known ? view_process(view, v[M_PID].number) :
							   NULL;

		if (process)
			add_desc(view, &uses, (struct use){
				.who = of_users ? process->uid : v[M_PID].number,
				.id = v[M_ID].number,
				.bytes = v[M_LENGTH].number,
				.maps = 1,
			});
	}
	return uses;
}

struct usage *usage_of_processes(const struct view *view, size_t *nr)
{
	struct uses uses = collect(view, false);

	return sum(&uses, nr);
}

/* Return what counts for the RLIMIT_MEMLOCK of a user, by the kernel's list. */
__u64 usage_charged(const struct view *view, __u64 uid)
{
	__u64 bytes = 0;
	size_t i, k;

	for (i = 0; i < view->nr_descs; i++) {
		const struct desc *desc = &view->descs[i];

		if (desc->v[D_CHARGED_UID].known && desc->v[D_CHARGED_UID].number == uid)
			bytes += desc->v[D_CHARGED].number;
		for (k = 0; k < desc->nr_holders; k++)
			if (desc->holders[k].uid == uid)
				bytes += desc->holders[k].bytes;
	}
	return bytes;
}

struct usage *usage_of_users(const struct view *view, size_t *nr)
{
	struct uses uses = collect(view, true);
	struct usage *sums = sum(&uses, nr);
	size_t i;

	for (i = 0; i < *nr; i++)
		sums[i].charged = usage_charged(view, sums[i].id);
	return sums;
}
