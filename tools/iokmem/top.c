// SPDX-License-Identifier: GPL-2.0-only
/*
 * iokmem top: processes and users by memory. On a terminal again and again, until q is typed;
 * elsewhere once, or as often as --count says.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "usage.h"

#define CLEAR		"\033[H\033[J"
#define ENTER_SCREEN	"\033[?1049h\033[?25l"
#define LEAVE_SCREEN	"\033[?25h\033[?1049l"

static struct termios old_terminal;
static bool on_screen;
static sigset_t mask_to_wait;	/* lets the signals in that are blocked otherwise */
static volatile sig_atomic_t resized, ended;

static void on_resize(int signal)
{
	resized = 1;
}

static void on_end(int signal)
{
	ended = 1;
}

static void leave_screen(void)
{
	if (!on_screen)
		return;
	on_screen = false;
	fputs(LEAVE_SCREEN, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &old_terminal);
}

/* Take the terminal over: keys come at once, and are not shown. */
static void enter_screen(void)
{
	struct sigaction resize = { .sa_handler = on_resize }, end = { .sa_handler = on_end };
	struct termios terminal;
	sigset_t signals;

	if (tcgetattr(STDIN_FILENO, &old_terminal))
		die("the terminal cannot be used: %s", strerror(errno));
	terminal = old_terminal;
	terminal.c_lflag &= ~(ICANON | ECHO);
	sigaction(SIGWINCH, &resize, NULL);
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
	/* They come during a wait only: not just before it, and not while something is printed. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGWINCH);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &mask_to_wait);
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
	on_screen = true;
	/* An error later leaves the terminal as it was. */
	atexit(leave_screen);
	fputs(ENTER_SCREEN, stdout);
}

static void screen_size(size_t *lines, size_t *width)
{
	struct winsize size;

	*lines = SIZE_MAX;
	*width = SIZE_MAX;
	if (on_screen && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col) {
		*lines = size.ws_row;
		*width = size.ws_col;
	}
}

static void print_processes(const struct view *view, size_t lines, size_t width)
{
	static const struct column columns[] = {
		{ "PID", true }, { "USER" }, { "RESIDENT", true }, { "DESCS", true },
		{ "FILES", true }, { "MAPS", true }, { "COMMAND" },
	};
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	char text[32];
	size_t nr, i;
	struct usage *usages = usage_of_processes(view, &nr);

	for (i = 0; i < nr; i++) {
		struct process *process = view_process(view, usages[i].id);

		table_cell(table, "%llu", usages[i].id);
		table_cell(table, "%s", user_name(process->uid));
		table_cell(table, "%s", size_text(usages[i].bytes, text, sizeof(text)));
		table_cell(table, "%zu", usages[i].nr_descs);
		table_cell(table, "%zu", usages[i].nr_files);
		table_cell(table, "%zu", usages[i].nr_maps);
		table_cell(table, "%s", process->comm);
	}
	table_print(table, stdout, lines, width);
	table_free(table);
	free(usages);
}

/* Return how many rows there are. */
static size_t print_users(const struct view *view, size_t lines, size_t width)
{
	static const struct column columns[] = {
		{ "USER" }, { "RESIDENT", true }, { "MEMLOCK", true }, { "DESCS", true },
		{ "FILES", true }, { "MAPS", true },
	};
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	char text[32];
	size_t nr, i;
	struct usage *usages = usage_of_users(view, &nr);

	for (i = 0; i < nr; i++) {
		table_cell(table, "%s", user_name(usages[i].id));
		table_cell(table, "%s", size_text(usages[i].bytes, text, sizeof(text)));
		table_cell(table, "%s", !view->all ? "-" :
			   size_text(usages[i].charged, text, sizeof(text)));
		table_cell(table, "%zu", usages[i].nr_descs);
		table_cell(table, "%zu", usages[i].nr_files);
		table_cell(table, "%zu", usages[i].nr_maps);
	}
	table_print(table, stdout, lines, width);
	table_free(table);
	free(usages);
	return nr < lines ? nr : lines;
}

static __u64 total(const struct view *view, enum desc_key key)
{
	__u64 sum = 0;
	size_t i;

	for (i = 0; i < view->nr_descs; i++)
		sum += view->descs[i].v[key].number;
	return sum;
}

static void print_head(const struct view *view, size_t width)
{
	char text[32], resident[32], line[160];
	__u64 idle = 0;
	size_t i;

	for (i = 0; i < view->nr_pools; i++)
		idle += view->pools[i].v[P_IDLE].number;
	snprintf(line, sizeof(line),
		 "iokmem: %zu descriptors, %zu maps, %s resident, %s idle in pools%s",
		 view->nr_descs, view->nr_maps,
		 size_text(total(view, D_RESIDENT), resident, sizeof(resident)),
		 view->all ? size_text(idle, text, sizeof(text)) : "?",
		 view->all ? "" : " (this user's processes only)");
	printf("%.*s\n\n", width > INT32_MAX ? INT32_MAX : (int)width, line);
}

static void print_once(void)
{
	size_t lines, width, users;
	struct view view;

	view_read(&view);
	screen_size(&lines, &width);
	if (on_screen)
		fputs(CLEAR, stdout);
	print_head(&view, width);
	/* At most a third of a screen is about users. Titles and empty lines take six lines. */
	users = print_users(&view, lines / 3, width);
	putchar('\n');
	print_processes(&view, lines > users + 6 ? lines - users - 6 : 0, width);
	fflush(stdout);
	view_free(&view);
}

static void json_usage(const struct view *view, const struct usage *usage, bool of_user)
{
	struct process *process = of_user ? NULL : view_process(view, usage->id);

	json_begin(NULL, '{');
	json_number(of_user ? "uid" : "pid", usage->id);
	if (process) {
		json_number("uid", process->uid);
		json_text("comm", process->comm);
	}
	json_number("resident", usage->bytes);
	if (of_user && view->all)
		json_number("charged", usage->charged);
	else if (of_user)
		json_null("charged");
	json_number("descriptors", usage->nr_descs);
	json_number("files", usage->nr_files);
	json_number("maps", usage->nr_maps);
	json_end('}');
}

static void print_json(void)
{
	struct usage *usages;
	struct view view;
	size_t nr, i;

	view_read(&view);
	json_document(&view);
	json_number("descriptors", view.nr_descs);
	json_number("maps", view.nr_maps);
	json_number("resident", total(&view, D_RESIDENT));
	json_begin("users", '[');
	usages = usage_of_users(&view, &nr);
	for (i = 0; i < nr; i++)
		json_usage(&view, &usages[i], true);
	free(usages);
	json_end(']');
	json_begin("processes", '[');
	usages = usage_of_processes(&view, &nr);
	for (i = 0; i < nr; i++)
		json_usage(&view, &usages[i], false);
	free(usages);
	json_end(']');
	json_document_end();
	fflush(stdout);
	view_free(&view);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* Wait for the next look. Return false if it is time to end. */
static bool wait_for_next(void)
{
	double until = now() + options.delay, left;
	struct pollfd keys = { .fd = on_screen ? STDIN_FILENO : -1, .events = POLLIN };
	char key;

	while (!ended && !resized && (left = until - now()) > 0) {
		struct timespec time = { .tv_sec = left };
		int nr;

		time.tv_nsec = (left - time.tv_sec) * 1e9;
		nr = ppoll(&keys, 1, &time, on_screen ? &mask_to_wait : NULL);

		if (nr < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		if (nr <= 0)
			continue;
		/* A terminal that has gone ends the program, too. */
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q')
			return false;
		if (key == ' ' || key == '\n')
			break;
	}
	resized = 0;
	return !ended;
}

int command_top(void)
{
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !options.json;
	unsigned long count = options.count ? options.count : terminal ? 0 : 1, n;

	if (terminal)
		enter_screen();
	for (n = 1; ; n++) {
		if (options.json)
			print_json();
		else
			print_once();
		if (n == count || !wait_for_next())
			break;
		if (!terminal)
			putchar('\n');
	}
	leave_screen();
	return 0;
}
