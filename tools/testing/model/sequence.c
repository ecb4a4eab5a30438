// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequences of steps: see sequence.h.
 */
#include <errno.h>
#include <string.h>

#include "sequence.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/*
 * The memories, and the files of each. Sizes end inside a page and at its end. The last
 * memory, which starts inside a page, does not exist everywhere.
 */
static void make_memories(struct model *model, bool skew)
{
	const struct model_memory memories[] = {
		{ .capacity = 16 * MODEL_PAGE + 100, .owned = 17 * MODEL_PAGE },
		{ .capacity = 3 * MODEL_PAGE, .owned = 3 * MODEL_PAGE },
		{ .capacity = 6 * MODEL_PAGE + 10, .owned = 7 * MODEL_PAGE, .pageable = true },
		{ .capacity = 4 * MODEL_PAGE, .owned = 4 * MODEL_PAGE, .skew = 300 },
	};
	const struct model_file files[] = {
		{ .memory = 0 },
		{ .memory = 0 },
		{ .memory = 0, .read_only = true },
		{ .memory = 0, .part = true, .start = 2 * MODEL_PAGE,
		  .length = 8 * MODEL_PAGE },
		{ .memory = 0, .part = true, .start = 5 * MODEL_PAGE + 100,
		  .length = 3 * MODEL_PAGE },
		{ .memory = 0, .part = true, .start = 14 * MODEL_PAGE,
		  .length = 2 * MODEL_PAGE + 100 },
		{ .memory = 0, .part = true, .read_only = true,
		  .start = 15 * MODEL_PAGE + 50, .length = MODEL_PAGE + 50 },
		{ .memory = 1 },
		{ .memory = 2 },
		{ .memory = 2, .part = true, .start = MODEL_PAGE, .length = 4 * MODEL_PAGE },
		{ .memory = 3 },
	};
	int missing = skew ? 0 : 1, i;

	model->nr_memories = ARRAY_SIZE(memories) - missing;
	memcpy(model->memory, memories, sizeof(memories));
	for (i = 0; i < model->nr_memories; i++) {
		model->memory[i].length = memories[i].capacity;
		model->memory[i].cache_mode = IOKMEM_MAP_COPYBACK_CACHE;
	}
	model->nr_files = ARRAY_SIZE(files) - missing;
	memcpy(model->file, files, sizeof(files));
}

/*
 * sequence_init - start with no map
 *
 * The other side must have the memories and files of @sequence->model.
 */
void sequence_init(struct sequence *sequence, const struct other *other,
		   void *private)
{
	struct model *model = &sequence->model;

	memset(sequence, 0, sizeof(*sequence));
	sequence->other = other;
	sequence->private = private;
	make_memories(model, other->world.skew);
	model->task_size = other->world.task_size;
}

/* sequence_print - print the last step, what was wrong with it, and the model */
void sequence_print(FILE *to, const struct sequence *sequence)
{
	const struct model *model = &sequence->model;
	int i;

	fprintf(to, "# step %lu: ", sequence->steps);
	step_print(to, &sequence->step);
	fprintf(to, "# %s\n", sequence->why);
	for (i = 0; i < model->nr_memories; i++)
		fprintf(to, "# memory %d: length %#llx, cache-%u\n", i,
			model->memory[i].length,
			model->memory[i].cache_mode >> IOKMEM_MAP_CACHE_SHIFT);
	for (i = 0; i < model->nr_maps; i++) {
		fprintf(to, "# ");
		step_print_map(to, &model->map[i]);
	}
}

static void expect_error(struct sequence *sequence, int expected, int err)
{
	if (err != expected)
		sequence_wrong(sequence, "error %d, and not %d", err, expected);
}

/* Check an address that the other side has chosen for a new mapping. */
static void expect_place(struct sequence *sequence, const struct model_map *new,
			 __u64 address)
{
	const struct model *model = &sequence->model;
	__u64 place = model->memory[new->memory].skew + new->offset;
	struct model_map there = *new;
	__u64 start, end;

	there.address = address;
	model_pages(model, &there, &start, &end);
	if (address < MODEL_PAGE)
		sequence_wrong(sequence, "no address");
	else if ((address - place) % MODEL_PAGE)
		sequence_wrong(sequence, "%#llx is another place in the page",
			       address);
	else if (!model_is_free(model, new->space, start, end))
		sequence_wrong(sequence, "%#llx is not free", address);
}

static bool is_known(const struct model *model, const void *handle)
{
	int i;

	for (i = 0; i < model->nr_maps; i++)
		if (model->map[i].handle == handle)
			return true;
	return false;
}

/* Check the answer that names an existing map, or a map to wait for. */
static void expect_old(struct sequence *sequence, const struct model_map *map,
		       const struct answer *answer)
{
	if (answer->handle != map->handle)
		sequence_wrong(sequence, "another map than map %u", map->name);
	else if (!answer->waits && (answer->address != map->address ||
				    answer->length != map->length))
		sequence_wrong(sequence, "%#llx, length %#llx, and not map %u", answer->address,
			       answer->length, map->name);
}

static void expect_new(struct sequence *sequence, const struct model_map *new,
		       const struct answer *answer)
{
	if (answer->handle && is_known(&sequence->model, answer->handle))
		sequence_wrong(sequence, "an old map, and not a new one");
	else if (new->building)
		return;
	else if (answer->length != new->length)
		sequence_wrong(sequence, "length %#llx, and not %#llx",
			       answer->length, new->length);
	else if (!new->address)
		expect_place(sequence, new, answer->address);
	else if (answer->address != new->address)
		sequence_wrong(sequence, "%#llx, and not %#llx",
			       answer->address, new->address);
}

static void expect(struct sequence *sequence, const struct model_verdict *verdict,
		   const struct answer *answer)
{
	const struct model *model = &sequence->model;
	bool waits;

	sequence->seen[verdict->outcome]++;
	if (verdict->outcome == MODEL_FAILS) {
		if (!model_error_is_right(&verdict->errors, answer->err))
			sequence_wrong(sequence, "error %d, and not %d%s", answer->err,
				       verdict->errors.error[0],
				       verdict->errors.nr > 1 ? " or others" : "");
		return;
	}
	waits = verdict->outcome == MODEL_WAITS;
	if (answer->err || answer->waits != waits) {
		sequence_wrong(sequence, "error %d, %s", answer->err,
			       answer->waits ? "waits" : "does not wait");
		return;
	}
	if (verdict->outcome == MODEL_SUB || verdict->outcome == MODEL_NEW)
		expect_new(sequence, &verdict->new, answer);
	else
		expect_old(sequence, &model->map[verdict->map], answer);
}

static void take_create(struct sequence *sequence)
{
	const struct step *step = &sequence->step;
	struct model_request request = {
		.space = step->space,
		.file = step->file,
		.options = step->options,
		.address = step->address,
		.offset = step->offset,
		.length = step->length,
		.slow = step->kind == STEP_START,
	};
	struct model_verdict verdict;
	struct answer answer = { 0 };

	if (sequence->model.nr_maps == MODEL_MAPS)
		return;
	if (step->kind == STEP_MMAP) {
		model_decide_mmap(&sequence->model, &request, &verdict);
		sequence->other->mmap(sequence, &request, &answer);
	} else {
		model_decide(&sequence->model, &request, &verdict);
		sequence->other->create(sequence, &request, &answer);
	}
	expect(sequence, &verdict, &answer);
	if (!sequence->failed)
		model_commit(&sequence->model, &verdict, answer.address,
			     answer.handle);
}

static void take_build(struct sequence *sequence)
{
	const struct step *step = &sequence->step;
	struct model_map map = sequence->model.map[step->map];
	bool fails = step->kind == STEP_BUILD_FAILS;
	struct answer answer = { 0 };
	int err;

	sequence->other->build(sequence, map.handle, fails, &answer);
	if (!answer.err && (map.options & IOKMEM_MAP_ANYWHERE))
		expect_place(sequence, &map, answer.address);
	else if (!answer.err && answer.address != map.at)
		sequence_wrong(sequence, "%#llx, and not %#llx",
			       answer.address, map.at);
	err = model_build(&sequence->model, step->map, fails, answer.address);
	expect_error(sequence, err, answer.err);
}

static void take_query(struct sequence *sequence)
{
	const struct step *step = &sequence->step;
	const struct model *model = &sequence->model;
	struct iokmem_query_mapping query = { 0 };
	int map = model_find(model, step->space, step->file, step->address,
			     step->length);
	int err = sequence->other->query(sequence, step, &query);

	expect_error(sequence, map < 0 ? -ENOENT : 0, err);
	if (map < 0 || err)
		return;
	if (query.options != model->map[map].options ||
	    query.offset != model->map[map].offset ||
	    query.references != model->map[map].references ||
	    query.cache_mode != model->memory[model->map[map].memory].cache_mode)
		sequence_wrong(sequence, "options %#x, offset %#llx, %llu references, mode %#x",
			       query.options, query.offset, query.references,
			       query.cache_mode);
}

static void take_munmap(struct sequence *sequence)
{
	const struct step *step = &sequence->step;

	expect_error(sequence,
		     model_munmap(&sequence->model, step->space, step->address,
				  step->address + step->length),
		     sequence->other->munmap(sequence, step));
}

/* Steps that are one call on each side. */
static void take_other(struct sequence *sequence)
{
	const struct other *other = sequence->other;
	const struct step *step = &sequence->step;
	struct model *model = &sequence->model;

	switch (step->kind) {
	case STEP_RELEASE:
		expect_error(sequence,
			     model_release(model, step->space, step->file,
					   step->address, step->length),
			     other->release(sequence, step));
		break;
	case STEP_UNMAP:
		expect_error(sequence,
			     model_unmap(model, step->space, step->file,
					 step->address, step->length),
			     other->unmap(sequence, step));
		break;
	case STEP_SET_LENGTH:
		expect_error(sequence,
			     model_set_length(model, step->file, step->length),
			     other->set_length(sequence, step));
		break;
	case STEP_EXIT:
		model_exit(model, step->space);
		other->exit(sequence, step->space);
		break;
	default:
		break;
	}
}

/*
 * sequence_step - take one step on both sides
 *
 * Returns true if both sides agree.
 */
bool sequence_step(struct sequence *sequence, const __u8 bytes[STEP_BYTES])
{
	const struct other *other = sequence->other;
	struct step *step = &sequence->step;

	step_decode(step, bytes, &sequence->model, &other->world);
	sequence->steps++;
	if (sequence->log) {
		fprintf(sequence->log, "%5lu ", sequence->steps);
		step_print(sequence->log, step);
	}

	switch (step->kind) {
	case STEP_CREATE:
	case STEP_START:
	case STEP_MMAP:
		take_create(sequence);
		break;
	case STEP_BUILD:
	case STEP_BUILD_FAILS:
		take_build(sequence);
		break;
	case STEP_QUERY:
		take_query(sequence);
		break;
	case STEP_MUNMAP:
		take_munmap(sequence);
		break;
	default:
		take_other(sequence);
		break;
	}
	if (!sequence->failed)
		other->check(sequence);
	return !sequence->failed;
}
