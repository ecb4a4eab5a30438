// SPDX-License-Identifier: GPL-2.0-only
/* iokmem limits: what a process may use, and what it and its user have used. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "usage.h"

struct limit {
	const char *name;
	const char *json;
	bool is_size;
	struct value used;
	struct value limit;	/* not known: there is none */
};

/* Read the number in a file, in whose name @of is. Without one, or without @of, it is not known. */
__attribute__((format(printf, 1, 0)))
static struct value read_value(const char *format, const char *of)
{
	struct value value = {};
	char text[64];
	FILE *in;

	in = of ? open_file(format, of) : NULL;
	if (!in)
		return value;
	if (fgets(text, sizeof(text), in)) {
		text[strcspn(text, "\n")] = 0;
		value.known = parse_number(text, &value.number);
	}
	fclose(in);
	return value;
}

/* Read the limit that /proc/PID/limits has under @name. Unlimited is no limit. */
static struct value read_rlimit(pid_t pid, const char *name)
{
	FILE *in = open_file("/proc/%d/limits", pid);
	struct value value = {};
	char line[256], *end;

	if (!in)
		die("the limits of process %d cannot be read: %s", pid, strerror(errno));
	while (fgets(line, sizeof(line), in)) {
		char *at = line + strlen(name);

		if (strncmp(line, name, strlen(name)))
			continue;
		errno = 0;
		value.number = strtoull(at, &end, 10);
		value.known = end != at && !errno;
	}
	fclose(in);
	return value;
}

/* Return the path of the process's memory cgroup, or NULL if it has none of version 2. */
static char *read_cgroup(pid_t pid)
{
	FILE *in = open_file("/proc/%d/cgroup", pid);
	char line[4096], *path = NULL;

	if (!in)
		return NULL;
	while (!path && fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "0::/", strlen("0::/")) && !strstr(line, "/../"))
			path = copy_of(line + strlen("0::/"));
	}
	fclose(in);
	return path;
}

/* Count the lines of /proc/PID/maps. */
static struct value count_vmas(pid_t pid)
{
	FILE *in = open_file("/proc/%d/maps", pid);
	struct value value = {};
	int c;

	if (!in)
		return value;
	value.known = true;
	while ((c = getc(in)) != EOF)
		value.number += c == '\n';
	fclose(in);
	return value;
}

static struct value count_maps(const struct view *view, pid_t pid)
{
	struct value value = { .known = true };
	size_t i;

	for (i = 0; i < view->nr_maps; i++)
		value.number += view->maps[i].v[M_PID].number == (__u64)pid;
	return value;
}

/* Return what counts for the user's RLIMIT_MEMLOCK. Only the administrator is told. */
static struct value read_charged(const struct view *view, pid_t pid)
{
	struct process *process = view_process(view, pid);

	if (!view->all || !process)
		return (struct value){};
	return (struct value){ .known = true, .number = usage_charged(view, process->uid) };
}

static pid_t wanted_process(void)
{
	__u64 pid;

	if (!options.argument)
		return getppid();
	if (!parse_number(options.argument, &pid) || !pid || pid > INT32_MAX)
		die("%s is not the number of a process", options.argument);
	return pid;
}

static void print_json(const struct view *view, pid_t pid, const struct limit *limits, size_t nr)
{
	size_t i;

	json_document(view);
	json_number("pid", pid);
	json_begin("limits", '{');
	for (i = 0; i < nr; i++) {
		json_begin(limits[i].json, '{');
		if (limits[i].used.known)
			json_number("used", limits[i].used.number);
		else
			json_null("used");
		if (limits[i].limit.known)
			json_number("limit", limits[i].limit.number);
		else
			json_null("limit");
		json_end('}');
	}
	json_end('}');
	json_document_end();
}

static void print_table(const struct limit *limits, size_t nr)
{
	static const struct column columns[] = {
		{ "LIMIT" }, { "USED", true }, { "OF", true },
	};
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	size_t i;

	for (i = 0; i < nr; i++) {
		table_cell(table, "%s", limits[i].name);
		(limits[i].is_size ? table_size : table_number)(table, &limits[i].used);
		if (!limits[i].limit.known)
			table_cell(table, "no limit");
		else
			(limits[i].is_size ? table_size : table_number)(table, &limits[i].limit);
	}
	table_print(table, stdout, SIZE_MAX, SIZE_MAX);
	table_free(table);
}

int command_limits(void)
{
	pid_t pid = wanted_process();
	char *cgroup = read_cgroup(pid);
	struct view view;

	view_read(&view);
	struct limit limits[] = {
		{ "locked memory of the user (RLIMIT_MEMLOCK)", "memlock", true,
		  read_charged(&view, pid), read_rlimit(pid, "Max locked memory") },
		{ "memory of the cgroup", "cgroup", true,
		  read_value("/sys/fs/cgroup/%s/memory.current", cgroup),
		  read_value("/sys/fs/cgroup/%s/memory.max", cgroup) },
		{ "maps (max_map_count of the module)", "maps", false, count_maps(&view, pid),
		  read_value("/sys/module/iokmem/parameters/%s", "max_map_count") },
		{ "mappings (vm.max_map_count)", "mappings", false, count_vmas(pid),
		  read_value("/proc/sys/vm/%s", "max_map_count") },
	};

	if (options.json)
		print_json(&view, pid, limits, ARRAY_SIZE(limits));
	else
		print_table(limits, ARRAY_SIZE(limits));
	free(cgroup);
	view_free(&view);
	return 0;
}
