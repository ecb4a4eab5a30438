// SPDX-License-Identifier: GPL-2.0-only
/* Programs: made at random, changed, written and read. */
#include "fuzz.h"
#include "xorshift.h"

static __u64 random_state = 1;

void seed_random(__u64 seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ULL | 1;
}

__u64 below(__u64 n)
{
	return xorshift_below(&random_state, n);
}

const struct call_type *type_of(const struct call *call)
{
	unsigned int what = call->what;

	if (what < nr_calls)
		return &calls[what];
	what -= nr_calls;
	if (what < nr_other_calls)
		return &other_calls[what];
	return &driver_calls[(what - nr_other_calls) % nr_driver_calls];
}

static unsigned int nr_types(void)
{
	return nr_calls + nr_other_calls + nr_driver_calls;
}

static unsigned int count_values(const __u64 *values)
{
	unsigned int nr = 0;

	while (values[nr] != END)
		nr++;
	return nr;
}

/* Numbers at which a calculation may go wrong. */
static __u64 strange_number(void)
{
	static const __u64 strange[] = {
		0, 1, 7, 0xfff, 0x1001, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		0x7ffffffff000, 0x7fffffffffff, 1ULL << 62, (1ULL << 63) - 0x1000, 1ULL << 63,
		-0x1000ULL, -1ULL,
	};

	return strange[below(ARRAY_SIZE(strange))];
}

static __u64 random_size(void)
{
	switch (below(12)) {
	case 0:
		return strange_number();
	case 1:
		return HUGE_PAGE * (1 + below(2));
	case 2:
		return below(16 * PAGE);
	default:
		return PAGE * (1 + below(below(2) ? 4 : 16));
	}
}

static __u64 random_offset(void)
{
	switch (below(12)) {
	case 0:
		return strange_number();
	case 1:
		return below(16 * PAGE);
	case 2 ... 6:
		return 0;
	default:
		return PAGE * below(below(2) ? 4 : 16);
	}
}

static __u64 random_bits(const __u64 *values)
{
	unsigned int nr = count_values(values), i;
	__u64 bits = 0;

	for (i = 0; i < nr; i++)
		if (!below(3))
			bits |= values[i];
	/* The first one makes the most of a call. */
	if (below(8))
		bits |= values[0];
	return below(100) ? bits : bits | 1ULL << below(32);
}

static __u64 random_arg(const struct arg_type *type)
{
	switch (type->kind) {
	case NUMBER:
		return below(50) ? type->values[below(count_values(type->values))] :
				   strange_number();
	case SOME_BITS:
		return random_bits(type->values);
	case FILE_SLOT:
	case MAP_SLOT:
		return below(below(2) ? NR_SLOTS / 2 : NR_SLOTS);
	case PLACE:
		return below(3) ? 0 : 1 + below(NR_SLOTS);
	case OFFSET:
		return random_offset();
	case SIZE:
		return random_size();
	}
	return 0;
}

static unsigned int random_type(void)
{
	unsigned int total = 0, i;
	struct call call = {};
	__u64 chosen;

	for (i = 0; i < nr_types(); i++) {
		call.what = i;
		total += type_of(&call)->weight;
	}
	chosen = below(total);
	for (i = 0; i < nr_types(); i++) {
		call.what = i;
		if (chosen < type_of(&call)->weight)
			break;
		chosen -= type_of(&call)->weight;
	}
	return i;
}

static void random_call(struct call *call)
{
	const struct call_type *type;
	int i;

	memset(call, 0, sizeof(*call));
	call->what = random_type();
	call->thread = !below(4);
	call->into = below(below(2) ? NR_SLOTS / 2 : NR_SLOTS);
	call->fail = below(10) ? 0 : 1 + below(below(2) ? 8 : 60);
	type = type_of(call);
	for (i = 0; i < NR_ARGS && type->args[i].name; i++)
		call->arg[i] = random_arg(&type->args[i]);
}

static void insert(struct program *program, unsigned int at, const struct call *call)
{
	if (program->nr == NR_CALLS)
		return;
	memmove(&program->calls[at + 1], &program->calls[at],
		(program->nr - at) * sizeof(*call));
	program->calls[at] = *call;
	program->nr++;
}

static void change_call(struct call *call)
{
	const struct call_type *type = type_of(call);
	int nr = 0;

	while (nr < NR_ARGS && type->args[nr].name)
		nr++;
	switch (below(8)) {
	case 0:
		call->thread = below(NR_THREADS);
		break;
	case 1:
		call->fail = below(3) ? 1 + below(100) : 0;
		break;
	case 2:
		call->into = below(NR_SLOTS);
		break;
	default:
		if (nr) {
			int i = below(nr);

			call->arg[i] = random_arg(&type->args[i]);
		}
	}
}

/* Put some calls of another program that has reached something behind those of this one. */
static void append_other(struct program *program)
{
	const struct program *other;
	unsigned int nr = arena->nr_programs, from;

	if (!nr)
		return;
	other = &arena->programs[below(nr)];
	program->nr = below(program->nr + 1);
	for (from = other->nr ? below(other->nr) : 0; from < other->nr; from++)
		insert(program, program->nr, &other->calls[from]);
}

/* Change a program a little; or begin one. */
static void mutate(struct program *program)
{
	unsigned int times = 1 + below(4), at;
	struct call call;

	if (!program->nr)
		times = 4 + below(NR_CALLS - 4);
	while (times--) {
		at = below(program->nr + 1);
		switch (program->nr && at < program->nr ? below(8) : 0) {
		case 0 ... 2:
			random_call(&call);
			insert(program, at, &call);
			break;
		case 3:
			program->nr--;
			memmove(&program->calls[at], &program->calls[at + 1],
				(program->nr - at) * sizeof(call));
			break;
		case 4:
			call = program->calls[at];
			insert(program, below(program->nr + 1), &call);
			break;
		case 5:
			append_other(program);
			break;
		default:
			change_call(&program->calls[at]);
		}
	}
}

/* Make another program for the same process, mostly from one that has reached something. */
void choose_program(struct program *program)
{
	unsigned int known = arena->nr_programs;
	const struct program *other;

	program->nr = 0;
	if (known && below(20)) {
		other = &arena->programs[below(known)];
		program->nr = other->nr;
		memcpy(program->calls, other->calls, sizeof(program->calls));
	}
	mutate(program);
}

/* Keep a program that has reached something. Others may be kept at the same time. */
void keep(const struct program *program)
{
	unsigned int at = arena->nr_programs;

	/* Nobody may see a number for which there is no room. */
	while (at < NR_PROGRAMS &&
	       !atomic_compare_exchange_weak(&arena->nr_programs, &at, at + 1))
		;
	if (at < NR_PROGRAMS)
		arena->programs[at] = *program;
}

/* Write who a process is, and a call to a line, and an empty line behind the last one. */
void print_program(FILE *out, const struct program *program)
{
	const struct call_type *type;
	const struct call *call;
	unsigned int i, arg;

	fprintf(out, "as %s%s\n", program->root ? "root" : "user",
		program->driver ? " with driver" : "");
	for (i = 0; i < program->nr && i < NR_CALLS; i++) {
		call = &program->calls[i];
		type = type_of(call);
		fprintf(out, "%u %s", call->thread, type->name);
		for (arg = 0; arg < NR_ARGS && type->args[arg].name; arg++)
			fprintf(out, " %s:%llx", type->args[arg].name, call->arg[arg]);
		fprintf(out, " into:%u", call->into);
		if (call->fail)
			fprintf(out, " fail:%u", call->fail);
		fputc('\n', out);
	}
	fputc('\n', out);
}

static bool read_arg(struct call *call, const char *name, __u64 value)
{
	const struct call_type *type = type_of(call);
	unsigned int arg;

	if (!strcmp(name, "into"))
		call->into = value % NR_SLOTS;
	else if (!strcmp(name, "fail"))
		call->fail = value;
	else
		for (arg = 0; arg < NR_ARGS; arg++)
			if (type->args[arg].name && !strcmp(type->args[arg].name, name)) {
				call->arg[arg] = value;
				return true;
			}
	return !strcmp(name, "into") || !strcmp(name, "fail");
}

static bool read_call(char *line, struct call *call)
{
	char *token = strtok(line, "\n "), *name = strtok(NULL, "\n "), *value;
	bool decimal;

	memset(call, 0, sizeof(*call));
	if (!token || !name)
		return false;
	call->thread = atoi(token) % NR_THREADS;
	while (strcmp(type_of(call)->name, name))
		if (++call->what == nr_types())
			return false;
	while ((token = strtok(NULL, "\n "))) {
		value = strchr(token, ':');
		if (!value)
			return false;
		*value++ = 0;
		decimal = !strcmp(token, "into") || !strcmp(token, "fail");
		if (!read_arg(call, token, strtoull(value, NULL, decimal ? 10 : 16)))
			return false;
	}
	return true;
}

/* Read the next program. Returns false at the end; exits if a line makes no sense. */
bool read_program(FILE *in, struct program *program)
{
	char line[512], copy[512];

	memset(program, 0, sizeof(*program));
	while (fgets(line, sizeof(line), in)) {
		if (*line == '#')
			continue;
		if (*line == '\n') {
			if (program->nr)
				return true;
			continue;
		}
		if (!strncmp(line, "as ", 3)) {
			program->root = !strncmp(line + 3, "root", 4);
			program->driver = !!strstr(line, "with driver");
			continue;
		}
		memcpy(copy, line, sizeof(copy));
		if (program->nr == NR_CALLS ||
		    !read_call(line, &program->calls[program->nr++])) {
			fprintf(stderr, "no such call, or too many: %s", copy);
			exit(2);
		}
	}
	return program->nr;
}
