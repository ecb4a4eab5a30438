// SPDX-License-Identifier: GPL-2.0
/* Extents: the arithmetic that finds a page. */
#include "helpers.h"

/* Pages 0-3 at frame 100, 4 at 50, 5-12 at 51: the last two are neighbours. */
static struct iokmem_extent three[] = {
	{ .pfn = 100, .end = 4 },
	{ .pfn = 50, .end = 5 },
	{ .pfn = 51, .end = 13 },
};

static const struct iokmem_extents extents = {
	.array = three,
	.nr = ARRAY_SIZE(three),
};

struct lookup_case {
	const char *name;
	pgoff_t index;
	struct iokmem_run run;
};

static const struct lookup_case lookup_cases[] = {
	{ "first page of all", 0, { .pfn = 100, .before = 0, .nr = 4 } },
	{ "last page of the first extent", 3, { .pfn = 103, .before = 3, .nr = 1 } },
	{ "an extent of one page", 4, { .pfn = 50, .before = 0, .nr = 1 } },
	{ "first page of the last extent", 5, { .pfn = 51, .before = 0, .nr = 8 } },
	{ "middle of the last extent", 9, { .pfn = 55, .before = 4, .nr = 4 } },
	{ "last page of all", 12, { .pfn = 58, .before = 7, .nr = 1 } },
};

static void lookup_desc(const struct lookup_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(lookup, lookup_cases, lookup_desc);

static void extent_lookup_finds_frame_and_neighbours(struct kunit *test)
{
	const struct lookup_case *c = test->param_value;
	struct iokmem_run run = iokmem_extents_lookup(&extents, c->index);

	KUNIT_EXPECT_EQ(test, c->run.pfn, run.pfn);
	KUNIT_EXPECT_EQ(test, c->run.before, run.before);
	KUNIT_EXPECT_EQ(test, c->run.nr, run.nr);
}

/* Walking over extents from any page on gives the same result as looking up each page. */
static void extent_find_is_where_to_go_on_from(struct kunit *test)
{
	pgoff_t from, index, end = iokmem_extents_pages(&extents);
	unsigned int i;

	for (from = 0; from < end; from++) {
		i = iokmem_extents_find(&extents, from);
		for (index = from; index < end; index++) {
			struct iokmem_run found = iokmem_extents_lookup(&extents, index);
			pgoff_t start;

			if (index == three[i].end)
				i++;
			start = iokmem_extent_start(&extents, i);
			KUNIT_EXPECT_EQ(test, found.before, index - start);
			KUNIT_EXPECT_EQ(test, found.pfn, three[i].pfn + index - start);
			KUNIT_EXPECT_EQ(test, found.before + found.nr,
					iokmem_extent_pages(&extents, i));
		}
		KUNIT_EXPECT_EQ(test, ARRAY_SIZE(three) - 1, i);
	}
}

struct contiguous_case {
	const char *name;
	pgoff_t index;
	unsigned long nr;
	bool contiguous;
};

static const struct contiguous_case runs[] = {
	{ "inside one extent", 0, 4, true },
	{ "over a gap", 3, 2, false },
	{ "over two neighbours", 4, 9, true },
	{ "part of two neighbours", 4, 2, true },
	{ "all", 0, 13, false },
	{ "one page", 12, 1, true },
};

static void contiguous_desc(const struct contiguous_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(contiguous, runs, contiguous_desc);

static void extent_neighbours_count_as_contiguous(struct kunit *test)
{
	const struct contiguous_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->contiguous,
			iokmem_extents_contiguous(&extents, c->index, c->nr));
}

/* A table of many extents gives the same answers as a search from the start. */
static void extent_lookup_agrees_with_counting(struct kunit *test)
{
	const unsigned int nr = 1000;
	struct iokmem_extents many = { .nr = nr };
	unsigned int i, page;
	pgoff_t index = 0;

	many.array = kunit_kcalloc(test, nr, sizeof(*many.array), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, many.array);
	for (i = 0; i < nr; i++) {
		index += 1 + i % 7;
		many.array[i].pfn = 1000000 - 10 * i;
		many.array[i].end = index;
	}

	for (i = 0, index = 0; i < nr; i++) {
		for (page = 0; page < 1 + i % 7; page++, index++) {
			struct iokmem_run run = iokmem_extents_lookup(&many, index);

			KUNIT_ASSERT_EQ_MSG(test, run.pfn,
					    many.array[i].pfn + page,
					    "page %lu", index);
			KUNIT_ASSERT_EQ(test, run.before, page);
			KUNIT_ASSERT_EQ(test, run.nr, 1 + i % 7 - page);
		}
	}
}

static struct kunit_case extent_cases[] = {
	KUNIT_CASE_PARAM(extent_lookup_finds_frame_and_neighbours,
			 lookup_gen_params),
	KUNIT_CASE(extent_find_is_where_to_go_on_from),
	KUNIT_CASE_PARAM(extent_neighbours_count_as_contiguous,
			 contiguous_gen_params),
	KUNIT_CASE(extent_lookup_agrees_with_counting),
	{}
};

static struct kunit_suite extent_suite = {
	.name = "iokmem_extent",
	.test_cases = extent_cases,
};

kunit_test_suite(extent_suite);
