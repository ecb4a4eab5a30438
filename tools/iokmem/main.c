// SPDX-License-Identifier: GPL-2.0-only
/* The command line. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "iokmem.h"

struct options options = { .root = "", .delay = 2 };

static const struct command {
	const char *name;
	int (*run)(void);
	const char *argument;	/* NULL: none */
	int most;		/* arguments */
	bool has_json;
	const char *purpose;
} commands[] = {
	{ "list", command_list, NULL, 0, true, "descriptors: size, cache mode, who uses them" },
	{ "maps", command_maps, NULL, 0, true, "maps of descriptors in all address spaces" },
	{ "show", command_show, "ID", 1, true, "all that is known of one descriptor" },
	{ "top", command_top, NULL, 0, true, "processes and users by memory, again and again" },
	{ "draw", command_draw, "ID", 1, false, "one descriptor as a picture (SVG)" },
	{ "leaks", command_leaks, NULL, 0, true, "descriptors that no living process has (root)" },
	{ "limits", command_limits, "[PID]", 1, true, "what a process may use, and has used" },
	{ "create", command_create, "NAME SIZE", 8, false,
	  "make a named buffer (root), with these words behind SIZE:\n"
	  "                           contiguous, coherent, cached, uncached, write-combine" },
	{ "remove", command_remove, "NAME", 1, false, "remove a named buffer (root)" },
	{ "report", command_report, NULL, 0, false,
	  "all that belongs in a report of a fault (root)" },
};

static void print_help(FILE *out)
{
	size_t i;

	fprintf(out, "usage: iokmem COMMAND [OPTION]... [ARGUMENT]\n\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  iokmem %-6s %-9s  %s\n", commands[i].name,
			commands[i].argument ? commands[i].argument : "", commands[i].purpose);
	fprintf(out, "\n"
		"  -j, --json         JSON for programs; not for draw, report, create and remove\n"
		"  -d, --delay=N      top: every N seconds (2)\n"
		"  -n, --count=N      top: N times, and end\n"
		"      --root=DIR     look for /proc and /sys below DIR, for tests\n"
		"  -h, --help         show this help\n"
		"  -V, --version      show the version\n\n"
		"Root sees everything; other users see what their own processes have.\n");
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	die("%s is not a command: try 'iokmem --help'", name);
}

static double parse_delay(const char *text)
{
	char *end;
	double delay = strtod(text, &end);

	if (end == text || *end || !(delay >= 0.1 && delay <= 86400))
		die("%s is not a number of seconds from 0.1 to 86400", text);
	return delay;
}

static unsigned long parse_count(const char *text)
{
	__u64 count;

	if (!parse_number(text, &count) || !count)
		die("%s is not a number of times", text);
	return count;
}

/* Print the version, and that of the module that is loaded if it is another one. */
static void print_version(void)
{
	FILE *file = open_file("/sys/module/iokmem/version");
	char loaded[32];

	printf("iokmem %s\n", VERSION);
	if (!file)
		return;
	if (fscanf(file, "%31s", loaded) == 1 && strcmp(loaded, VERSION))
		printf("module %s is loaded\n", loaded);
	fclose(file);
}

enum { OPTION_ROOT = 256 };

static void parse_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "delay", required_argument, NULL, 'd' },
		{ "count", required_argument, NULL, 'n' },
		{ "root", required_argument, NULL, OPTION_ROOT },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{}
	};
	int option;

	while ((option = getopt_long(argc, argv, "jd:n:hV", longs, NULL)) != -1) {
		switch (option) {
		case 'j':
			options.json = true;
			break;
		case 'd':
			options.delay = parse_delay(optarg);
			break;
		case 'n':
			options.count = parse_count(optarg);
			break;
		case OPTION_ROOT:
			options.root = optarg;
			break;
		case 'h':
			print_help(stdout);
			exit(0);
		case 'V':
			print_version();
			exit(0);
		default:
			exit(EXIT_TROUBLE);
		}
	}
}

/* Refuse what the command would ignore. */
static void check_usage(const struct command *command, int nr_arguments)
{
	if (nr_arguments > command->most)
		die("too many arguments for %s: try 'iokmem --help'", command->name);
	if (options.json && !command->has_json)
		die("%s has no --json", command->name);
	if ((options.delay != 2 || options.count) && command->run != command_top)
		die("only top has --delay and --count");
}

int main(int argc, char **argv)
{
	const struct command *command;
	int code;

	parse_options(argc, argv);
	if (optind == argc) {
		print_help(stderr);
		return EXIT_TROUBLE;
	}
	command = find_command(argv[optind++]);
	check_usage(command, argc - optind);
	options.argument = argv[optind];
	options.arguments = (const char *const *)argv + optind;
	use_colour(stdout);
	code = command->run();
	/* A full disk must not look like success. */
	if (fflush(stdout) || ferror(stdout))
		die("cannot write: %s", strerror(errno));
	return code;
}
