// SPDX-License-Identifier: GPL-2.0
/*
 * The sharing rule: which requests share a map that exists, and which get a new one.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>

#include "helpers.h"

#define LENGTH	(16 * PAGE_SIZE)

/* Begin a test case: create an address space and return a new buffer. */
static struct iokmem_desc *begin_with_buffer(struct kunit *test)
{
	attach_address_space(test);
	return buffer(test, NULL, LENGTH, 0);
}

static void sharing_same_request_gives_the_same_map(struct kunit *test)
{
	struct iokmem_desc *desc = begin_with_buffer(test);
	struct iokmem_map *first = map(test, desc, current, 0, 100, 5000);
	int maps = current->mm->map_count;

	KUNIT_EXPECT_PTR_EQ(test, first, map(test, desc, current, 0, 100, 5000));
	KUNIT_EXPECT_EQ(test, 2, refcount_read(&first->references));
	KUNIT_EXPECT_EQ(test, 1, desc->nr_maps);
	KUNIT_EXPECT_EQ(test, maps, current->mm->map_count);
}

static void sharing_contained_range_gives_the_same_addresses(struct kunit *test)
{
	struct iokmem_desc *desc = begin_with_buffer(test);
	struct iokmem_map *whole = map(test, desc, current, 0, 0, 0);
	int maps = current->mm->map_count;
	struct iokmem_map *sub, *inner;

	sub = map(test, desc, current, 0, 5000, 9000);
	KUNIT_EXPECT_PTR_NE(test, whole, sub);
	KUNIT_EXPECT_EQ(test, address_of(whole) + 5000,
			address_of(sub));
	KUNIT_EXPECT_EQ(test, 9000, iokmem_map_get_length(sub));
	KUNIT_EXPECT_EQ(test, 5000, iokmem_map_get_offset(sub));

	inner = map(test, desc, current, 0, 6000, 10);
	KUNIT_EXPECT_EQ(test, address_of(whole) + 6000,
			address_of(inner));
	KUNIT_EXPECT_PTR_EQ(test, sub, map(test, desc, current, 0, 5000, 9000));
	KUNIT_EXPECT_EQ(test, maps, current->mm->map_count);
	KUNIT_EXPECT_EQ(test, 3, desc->nr_maps);
}

struct range_case {
	const char *name;
	size_t offset, length;
	bool shared;
};

/* Requests while there is a map of the bytes 4000 to 13999. */
static const struct range_case contained_ranges[] = {
	{ "the same", 4000, 10000, true },
	{ "first byte", 4000, 1, true },
	{ "last byte", 13999, 1, true },
	{ "one byte before", 3999, 10, false },
	{ "one byte after", 13999, 2, false },
	{ "around it", 3000, 12000, false },
	{ "before it", 0, 4000, false },
	{ "after it", 14000, 10, false },
};

static void range_desc(const struct range_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(range, contained_ranges, range_desc);

static void sharing_is_of_contained_bytes_only(struct kunit *test)
{
	const struct range_case *c = test->param_value;
	struct iokmem_desc *desc = begin_with_buffer(test);
	struct iokmem_map *first = map(test, desc, current, 0, 4000, 10000);
	struct iokmem_map *second = map(test, desc, current, 0, c->offset, c->length);
	unsigned long inside = address_of(first) + c->offset - 4000;

	KUNIT_EXPECT_EQ(test, c->shared, second == first || super_of(second) == first);
	KUNIT_EXPECT_EQ(test, c->shared, address_of(second) == inside);
}

struct options_case {
	const char *name;
	u32 first, second;
	bool shared;
};

#define COPYBACK IOKMEM_MAP_COPYBACK_CACHE

static const struct options_case options_cases[] = {
	{ "writable, writable", 0, 0, true },
	{ "read-only, read-only", IOKMEM_MAP_READ_ONLY, IOKMEM_MAP_READ_ONLY, true },
	{ "writable, read-only", 0, IOKMEM_MAP_READ_ONLY, false },
	{ "read-only, writable", IOKMEM_MAP_READ_ONLY, 0, false },
	{ "named cache mode, default", COPYBACK, 0, true },
	{ "named cache mode, the same", COPYBACK, COPYBACK, true },
	{ "default cache mode, named", 0, COPYBACK, false },
	{ "unique does not join", 0, IOKMEM_MAP_UNIQUE, false },
	{ "unique is not joined", IOKMEM_MAP_UNIQUE, 0, false },
	{ "unique, unique", IOKMEM_MAP_UNIQUE, IOKMEM_MAP_UNIQUE, false },
	{ "reference joins", 0, IOKMEM_MAP_REFERENCE, true },
};

static void options_desc(const struct options_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(options, options_cases, options_desc);

static void check_options(struct kunit *test, struct iokmem_desc *desc,
			  struct task_struct *task)
{
	const struct options_case *c = test->param_value;
	struct iokmem_map *first = map(test, desc, task, c->first, 0, 0);
	struct iokmem_map *second = map(test, desc, task, c->second, 0, 0);

	KUNIT_EXPECT_EQ(test, c->shared, first == second);
	KUNIT_EXPECT_EQ(test, c->shared, address_of(first) ==
					 address_of(second));
}

static void sharing_in_a_task_goes_by_options(struct kunit *test)
{
	check_options(test, begin_with_buffer(test), current);
}

static void sharing_in_the_kernel_goes_by_options(struct kunit *test)
{
	const struct options_case *c = test->param_value;

	/* If the direct map serves both requests, their addresses are equal. */
	if (!((c->first | c->second) & (IOKMEM_MAP_UNIQUE | IOKMEM_MAP_READ_ONLY)) &&
	    !c->shared)
		kunit_skip(test, "both are the direct map");
	check_options(test, buffer(test, NULL, LENGTH, 0), IOKMEM_KERNEL_TASK);
}

static void sharing_reference_never_makes_a_mapping(struct kunit *test)
{
	struct iokmem_desc *desc = begin_with_buffer(test);
	struct iokmem_map *sub;

	map(test, desc, current, 0, 0, 8 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			map_error(desc, current, 0, ANY | IOKMEM_MAP_REFERENCE, 0,
				  9 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			map_error(desc, current, 0, ANY | IOKMEM_MAP_REFERENCE |
						    IOKMEM_MAP_READ_ONLY,
				  0, PAGE_SIZE));
	sub = map(test, desc, current, IOKMEM_MAP_REFERENCE, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_NOT_NULL(test, super_of(sub));
}

static void sharing_placed_request_gets_its_address_or_an_error(struct kunit *test)
{
	struct iokmem_desc *desc = begin_with_buffer(test);
	struct iokmem_map *at = placed(test, desc, SZ_1G, 0, 0);
	struct iokmem_map *sub, *other;

	/* A request for the mapping's first byte gets the map, or a map of a part. */
	KUNIT_EXPECT_PTR_EQ(test, at, placed(test, desc, SZ_1G, 0, 0));
	sub = placed(test, desc, SZ_1G, 0, PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, at, super_of(sub));
	KUNIT_EXPECT_EQ(test, SZ_1G, address_of(sub));

	/* For any other byte the address is in use. */
	KUNIT_EXPECT_EQ(test, -EEXIST,
			map_error(desc, current, SZ_1G, 0, PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EEXIST,
			map_error(desc, current, SZ_1G + PAGE_SIZE, 0, PAGE_SIZE, PAGE_SIZE));

	/* A map of a part that starts at the address serves the request. */
	sub = map(test, desc, current, 0, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, sub, placed(test, desc, SZ_1G + PAGE_SIZE,
					      PAGE_SIZE, PAGE_SIZE));

	/* At another address there is a new mapping, which an open request does not get. */
	other = placed(test, desc, 2UL * SZ_1G, 0, 0);
	KUNIT_EXPECT_EQ(test, 2UL * SZ_1G, address_of(other));
	KUNIT_EXPECT_PTR_EQ(test, at, map(test, desc, current, 0, 0, 0));
}

static void sharing_is_in_the_mapping_that_begins_first(struct kunit *test)
{
	struct iokmem_desc *desc = begin_with_buffer(test);
	struct iokmem_map *late = placed(test, desc, SZ_1G, PAGE_SIZE, 2 * PAGE_SIZE);
	struct iokmem_map *early = placed(test, desc, 2UL * SZ_1G, 0, 2 * PAGE_SIZE);
	struct iokmem_map *again = placed(test, desc, 3UL * SZ_1G, 0, 2 * PAGE_SIZE);
	struct iokmem_map *all = placed(test, desc, 4UL * SZ_1G, 0, 0);

	KUNIT_EXPECT_PTR_NE(test, early, again);
	KUNIT_EXPECT_PTR_EQ(test, early,
			    super_of(map(test, desc, current, 0, PAGE_SIZE, PAGE_SIZE)));
	KUNIT_EXPECT_PTR_EQ(test, late, map(test, desc, current, 0, PAGE_SIZE,
					    2 * PAGE_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, all,
			    super_of(map(test, desc, current, 0, 2 * PAGE_SIZE, PAGE_SIZE)));
}

/* A request that is repeated gets its old map, even if a better mapping exists by now. */
static void sharing_same_request_gives_the_same_map_whatever_came_since(struct kunit *test)
{
	struct iokmem_desc *desc = begin_with_buffer(test);
	struct iokmem_map *mapping = map(test, desc, current, 0, PAGE_SIZE, 2 * PAGE_SIZE);
	struct iokmem_map *sub = map(test, desc, current, 0, PAGE_SIZE, PAGE_SIZE);
	struct iokmem_map *across = map(test, desc, current, 0, 0, 2 * PAGE_SIZE);

	KUNIT_EXPECT_PTR_EQ(test, mapping, super_of(sub));
	KUNIT_EXPECT_NULL(test, super_of(across));
	KUNIT_EXPECT_PTR_EQ(test, sub, map(test, desc, current, 0, PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, sub, map(test, desc, current, 0, PAGE_SIZE, PAGE_SIZE));
}

/* The cache modes that the mappings were asked for with make no difference. */
static void sharing_same_request_gives_the_same_map_of_any_cache_mode(struct kunit *test)
{
	struct iokmem_desc *desc = begin_with_buffer(test);
	struct iokmem_map *mapping = map(test, desc, current, COPYBACK, 0, 0);
	struct iokmem_map *sub = map(test, desc, current, 0, PAGE_SIZE, PAGE_SIZE);
	struct iokmem_map *same = placed(test, desc, SZ_1G, PAGE_SIZE, PAGE_SIZE);
	struct iokmem_map *late = placed(test, desc, 2UL * SZ_1G, 3 * PAGE_SIZE, PAGE_SIZE);

	KUNIT_EXPECT_PTR_EQ(test, mapping, super_of(sub));
	KUNIT_EXPECT_NULL(test, super_of(same));
	KUNIT_EXPECT_PTR_EQ(test, sub, map(test, desc, current, 0, PAGE_SIZE, PAGE_SIZE));
	/* The first mapping is chosen among the mappings of all modes. */
	KUNIT_EXPECT_NULL(test, super_of(late));
	KUNIT_EXPECT_PTR_EQ(test, mapping,
			    super_of(map(test, desc, current, 0, 3 * PAGE_SIZE,
					 PAGE_SIZE / 2)));
}

static void sharing_map_keeps_its_first_options(struct kunit *test)
{
	struct iokmem_desc *desc = begin_with_buffer(test);
	struct iokmem_map *m = map(test, desc, current, COPYBACK, 0, 0);

	map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, ANY | COPYBACK, iokmem_map_get_options(m));
}

static void sharing_is_within_one_address_space(struct kunit *test)
{
	struct task_struct *task = start_process(test);
	struct iokmem_desc *desc = begin_with_buffer(test);
	struct iokmem_map *here = map(test, desc, current, 0, 0, 0);
	struct iokmem_map *there = map(test, desc, task, 0, 0, 0);
	struct iokmem_map *kernel = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);

	KUNIT_EXPECT_PTR_NE(test, here, there);
	KUNIT_EXPECT_PTR_NE(test, here, kernel);
	KUNIT_EXPECT_PTR_NE(test, there, kernel);
	KUNIT_EXPECT_EQ(test, 3, desc->nr_maps);
}

static void sharing_of_a_buffer_with_its_own_task(struct kunit *test)
{
	struct iokmem_desc *desc;

	desc = buffer(test, IOKMEM_KERNEL_TASK, LENGTH, 0);
	KUNIT_EXPECT_EQ(test, (unsigned long)iokmem_buffer_get_bytes_no_copy(desc),
			address_of(map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0)));
	attach_address_space(test);
	desc = buffer(test, current, LENGTH, 0);
	KUNIT_EXPECT_EQ(test, iokmem_buffer_get_address(desc),
			address_of(map(test, desc, current, 0, 0, 0)));
}

static void sharing_after_the_length_changed(struct kunit *test)
{
	struct iokmem_desc *desc = begin_with_buffer(test);
	struct iokmem_map *whole = map(test, desc, current, 0, 0, 0);

	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -ERANGE,
			map_error(desc, current, 0, ANY, 0, LENGTH));
	KUNIT_EXPECT_EQ(test, LENGTH, iokmem_map_get_length(whole));
	KUNIT_EXPECT_PTR_EQ(test, whole, super_of(map(test, desc, current, 0, 0, 0)));
	KUNIT_EXPECT_EQ(test, -ERANGE,
			map_error(desc, current, 0, ANY, 0, LENGTH));
}

static void sharing_again_checks_what_differs(struct kunit *test)
{
	struct iokmem_desc *desc = begin_with_buffer(test);
	struct iokmem_map *whole = map(test, desc, current, 0, 0, 0), *other;

	KUNIT_EXPECT_PTR_EQ(test, whole, map(test, desc, current, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_error(desc, current, 0, ANY | BIT(1), 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			map_error(desc, current, 0, ANY | IOKMEM_MAP_OVERWRITE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, map_error(desc, current, 0, ANY, 1, 0));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, map_error(desc, current, 0, ANY, 1, SIZE_MAX));
	KUNIT_EXPECT_PTR_NE(test, whole, map(test, desc, current, IOKMEM_MAP_UNIQUE, 0, 0));
	KUNIT_EXPECT_PTR_NE(test, whole, map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0));
	other = map(test, desc, current, IOKMEM_MAP_READ_ONLY, 0, 0);
	KUNIT_EXPECT_PTR_NE(test, whole, other);
	KUNIT_EXPECT_PTR_EQ(test, whole, map(test, desc, current, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_unmap(whole));
	KUNIT_EXPECT_PTR_NE(test, whole, map(test, desc, current, 0, 0, 0));
}

#define NR_HELD		64
#define NR_STEPS	3000

static u32 random_below(u32 *state, u32 n)
{
	*state = *state * 1103515245 + 12345;
	return (*state >> 8) % n;
}

static bool serves_naively(const struct iokmem_map *mapping, u32 options, size_t offset,
			   size_t length)
{
	return !((mapping->options | options) & IOKMEM_MAP_UNIQUE) &&
	       !((mapping->options ^ options) & IOKMEM_MAP_READ_ONLY) &&
	       (!(options & COPYBACK) || mapping->options & COPYBACK) &&
	       offset >= iokmem_map_get_offset(mapping) &&
	       offset + length <= iokmem_map_get_offset(mapping) + mapping->length;
}

/* Return true if the rule prefers @a to @b, given that both serve the request. */
static bool comes_before(const struct iokmem_map *a, const struct iokmem_map *b)
{
	if (iokmem_map_offset(a) != iokmem_map_offset(b))
		return iokmem_map_offset(a) < iokmem_map_offset(b);
	if (a->length != b->length)
		return a->length < b->length;
	return a->mapping->age < b->mapping->age;
}

/*
 * Apply the sharing rule by looking at all maps. Return the map of exactly these bytes, or
 * else the mapping that should contain them, or NULL.
 */
static struct iokmem_map *find_naively(struct iokmem_map * const *held, int nr, u32 options,
				       size_t offset, size_t length)
{
	const struct iokmem_map *same = NULL, *around = NULL;
	int i;

	for (i = 0; i < nr; i++) {
		const struct iokmem_map *mapping = whole_of(held[i]);

		if (!serves_naively(mapping, options, offset, length))
			continue;
		if (iokmem_map_has_window(held[i], offset, length) &&
		    (!same || comes_before(held[i], same)))
			same = held[i];
		if (iokmem_map_has_window(mapping, offset, length) &&
		    (!same || comes_before(mapping, same)))
			same = mapping;
		if (!around || comes_before(mapping, around))
			around = mapping;
	}
	return (struct iokmem_map *)(same ?: around);
}

static bool is_held(struct iokmem_map * const *held, int nr, const struct iokmem_map *map)
{
	int i;

	for (i = 0; i < nr; i++)
		if (held[i] == map || super_of(held[i]) == map)
			return true;
	return false;
}

/* Put a random map or request one. Return true if the module followed the rule. */
static bool random_step(struct iokmem_desc *desc, struct iokmem_map **held, int *nr,
			u32 *state)
{
	static const u32 options[] = {
		0, 0, 0, COPYBACK, IOKMEM_MAP_READ_ONLY, IOKMEM_MAP_UNIQUE,
	};
	u32 option = options[random_below(state, ARRAY_SIZE(options))];
	size_t offset = random_below(state, 16) * (PAGE_SIZE / 2);
	size_t length = (1 + random_below(state, 16)) * (PAGE_SIZE / 2);
	struct iokmem_map *found, *m;
	bool right;

	if (*nr == NR_HELD || (*nr && !random_below(state, 3))) {
		int victim = random_below(state, *nr);

		iokmem_map_put(held[victim]);
		held[victim] = held[--*nr];
		return true;
	}

	found = find_naively(held, *nr, option, offset, length);
	m = iokmem_desc_create_mapping_in_task(desc, current, 0, option | ANY,
					       offset, length);
	if (IS_ERR(m))
		return false;
	if (found && iokmem_map_has_window(found, offset, length))
		right = m == found;
	else
		right = super_of(m) == found && !is_held(held, *nr, m);
	held[(*nr)++] = m;
	return right;
}

static void sharing_agrees_with_the_rule_counted_out(struct kunit *test)
{
	struct iokmem_desc *desc = begin_with_buffer(test);
	struct iokmem_map **held;
	u32 state = 1;
	int nr = 0, step;

	held = kunit_kcalloc(test, NR_HELD, sizeof(*held), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, held);
	for (step = 0; step < NR_STEPS; step++)
		if (!random_step(desc, held, &nr, &state))
			break;
	KUNIT_EXPECT_EQ_MSG(test, NR_STEPS, step, "the first step that differs");
	while (nr)
		iokmem_map_put(held[--nr]);
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
}

#define NR_RACERS	8
#define NR_ROUNDS	50

struct race {
	struct iokmem_desc *desc;
	struct mm_struct *mm;
	struct completion start;
	struct iokmem_map *maps[NR_RACERS];
	size_t lengths[NR_RACERS];
};

struct racer {
	struct race *race;
	int i;
	struct completion done;
};

static int racer_thread(void *data)
{
	struct racer *racer = data;
	struct race *race = racer->race;

	kthread_use_mm(race->mm);
	wait_for_completion(&race->start);
	race->maps[racer->i] =
		iokmem_desc_create_mapping_in_task(race->desc, current, 0, ANY, 0,
						   race->lengths[racer->i]);
	kthread_unuse_mm(race->mm);
	complete(&racer->done);
	return 0;
}

/* Run all racers at once, in the test's address space. */
static void run_race(struct kunit *test, struct race *race)
{
	struct racer racers[NR_RACERS];
	struct task_struct *task;
	int i, started;

	race->mm = current->mm;
	init_completion(&race->start);
	for (started = 0; started < NR_RACERS; started++) {
		racers[started].race = race;
		racers[started].i = started;
		init_completion(&racers[started].done);
		task = kthread_run(racer_thread, &racers[started], "racer");
		if (IS_ERR(task))
			break;
	}
	complete_all(&race->start);
	for (i = 0; i < started; i++)
		wait_for_completion(&racers[i].done);
	KUNIT_ASSERT_EQ(test, started, NR_RACERS);
	for (i = 0; i < NR_RACERS; i++)
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, race->maps[i]);
}

static void sharing_threads_at_once_make_one_mapping(struct kunit *test)
{
	struct race race = { .desc = begin_with_buffer(test) };
	int maps = current->mm->map_count;
	int round, i;

	for (round = 0; round < NR_ROUNDS; round++) {
		run_race(test, &race);
		for (i = 0; i < NR_RACERS; i++)
			KUNIT_ASSERT_PTR_EQ(test, race.maps[0], race.maps[i]);
		KUNIT_ASSERT_EQ(test, NR_RACERS, refcount_read(&race.maps[0]->references));
		KUNIT_ASSERT_EQ(test, 1, race.desc->nr_maps);
		KUNIT_ASSERT_EQ(test, maps + 1, current->mm->map_count);
		for (i = 0; i < NR_RACERS; i++)
			iokmem_map_put(race.maps[i]);
		KUNIT_ASSERT_EQ(test, 0, race.desc->nr_maps);
		/* The empty VMA stays, and is reused in the next round. */
		KUNIT_ASSERT_EQ(test, maps + 1, current->mm->map_count);
	}
}

/* The thread that asks for the longest range may come first or last. */
static void sharing_threads_of_different_lengths_agree(struct kunit *test)
{
	struct race race = { .desc = begin_with_buffer(test) };
	int round, i, j;

	for (i = 0; i < NR_RACERS; i++)
		race.lengths[i] = (1 + i % 4) * PAGE_SIZE;
	for (round = 0; round < NR_ROUNDS; round++) {
		run_race(test, &race);
		for (i = 0; i < NR_RACERS; i++)
			for (j = 0; j < i; j++)
				if (race.lengths[i] == race.lengths[j])
					KUNIT_ASSERT_PTR_EQ(test, race.maps[i],
							    race.maps[j]);
		for (i = 0; i < NR_RACERS; i++)
			iokmem_map_put(race.maps[i]);
		KUNIT_ASSERT_EQ(test, 0, race.desc->nr_maps);
	}
}

static struct kunit_case sharing_cases[] = {
	KUNIT_CASE(sharing_same_request_gives_the_same_map),
	KUNIT_CASE(sharing_contained_range_gives_the_same_addresses),
	KUNIT_CASE_PARAM(sharing_is_of_contained_bytes_only, range_gen_params),
	KUNIT_CASE_PARAM(sharing_in_a_task_goes_by_options, options_gen_params),
	KUNIT_CASE_PARAM(sharing_in_the_kernel_goes_by_options, options_gen_params),
	KUNIT_CASE(sharing_reference_never_makes_a_mapping),
	KUNIT_CASE(sharing_placed_request_gets_its_address_or_an_error),
	KUNIT_CASE(sharing_is_in_the_mapping_that_begins_first),
	KUNIT_CASE(sharing_same_request_gives_the_same_map_whatever_came_since),
	KUNIT_CASE(sharing_same_request_gives_the_same_map_of_any_cache_mode),
	KUNIT_CASE(sharing_map_keeps_its_first_options),
	KUNIT_CASE(sharing_is_within_one_address_space),
	KUNIT_CASE(sharing_of_a_buffer_with_its_own_task),
	KUNIT_CASE(sharing_after_the_length_changed),
	KUNIT_CASE(sharing_again_checks_what_differs),
	KUNIT_CASE(sharing_agrees_with_the_rule_counted_out),
	KUNIT_CASE(sharing_threads_at_once_make_one_mapping),
	KUNIT_CASE(sharing_threads_of_different_lengths_agree),
	{}
};

static struct kunit_suite sharing_suite = {
	.name = "iokmem_sharing",
	.test_cases = sharing_cases,
};

kunit_test_suite(sharing_suite);
