// SPDX-License-Identifier: GPL-2.0-only
/*
 * iokmem(1) reads a /proc of the test's own: of a newer and of an older module, half-written, and
 * garbage. The module is not needed. IOKMEM_TOOL is another program to test, and
 * IOKMEM_TOOL_ROUNDS says how often it gets garbage.
 */
#include "tool_utils.h"

/* One record of each sort, with what programs may have in their names. */
static const char list[] =
	"iokmem-id:\t1\niokmem-kind:\twired\niokmem-capacity:\t8388608\niokmem-length:\t6291456\n"
	"iokmem-resident:\t8388608\niokmem-charged:\t8388608\niokmem-cache:\tcopyback\n"
	"iokmem-direction:\tinout\niokmem-prepared:\t0\niokmem-extents:\t2\niokmem-maps:\t3\n"
	"iokmem-held:\t1\niokmem-dma-bufs:\t1\niokmem-revoked:\t0\niokmem-users:\t4\n"
	"iokmem-maker:\tprocess\niokmem-maker-pid:\t10\niokmem-maker-uid:\t1000\n"
	"iokmem-maker-comm:\ta \"<&\\012\xff\niokmem-charged-uid:\t1000\niokmem-holder:\t1000 4096\n\n"
	"iokmem-map:\t1\niokmem-map-mapping:\t1\niokmem-map-part:\t0\niokmem-map-space:\tprocess\n"
	"iokmem-map-pid:\t10\niokmem-map-comm:\ta\niokmem-map-address:\t0x7f0000000000\n"
	"iokmem-map-offset:\t0\niokmem-map-length:\t8388608\niokmem-map-rights:\trw\n"
	"iokmem-map-unique:\t0\niokmem-map-references:\t2\n\n"
	"iokmem-map:\t1\niokmem-map-mapping:\t1\niokmem-map-part:\t1\niokmem-map-space:\tkernel\n"
	"iokmem-map-offset:\t4096\niokmem-map-length:\t100\niokmem-map-rights:\tro\n"
	"iokmem-map-unique:\t1\niokmem-map-references:\t1\n\n"
	"iokmem-id:\t2\niokmem-kind:\tsub\niokmem-capacity:\t8192\niokmem-length:\t8192\n"
	"iokmem-resident:\t0\niokmem-charged:\t0\niokmem-cache:\tcopyback\n"
	"iokmem-direction:\tout\niokmem-prepared:\t0\niokmem-extents:\t2\niokmem-maps:\t3\n"
	"iokmem-held:\t1\niokmem-dma-bufs:\t1\niokmem-revoked:\t0\niokmem-parent:\t1\n"
	"iokmem-offset:\t4096\niokmem-users:\t1\niokmem-maker:\tkernel\niokmem-maker-uid:\t0\n"
	"iokmem-maker-comm:\tkworker/0:1\n\n"
	"iokmem-id:\t3\niokmem-kind:\tmulti\niokmem-capacity:\t12288\niokmem-length:\t12288\n"
	"iokmem-resident:\t0\niokmem-charged:\t0\niokmem-cache:\tmixed\n"
	"iokmem-direction:\tin\niokmem-prepared:\t0\niokmem-extents:\t0\niokmem-maps:\t0\n"
	"iokmem-held:\t0\niokmem-dma-bufs:\t0\niokmem-revoked:\t1\niokmem-member:\t1 0 8192\n"
	"iokmem-member:\t9 0 4096\niokmem-users:\t1\niokmem-maker:\texited\niokmem-maker-pid:\t7\n"
	"iokmem-maker-uid:\t0\niokmem-maker-comm:\tgone\n\n";

static const char fdinfo[] =
	"pos:\t0\nflags:\t02000002\nmnt_id:\t14\nino:\t1031\n"
	"iokmem-id:\t1\niokmem-kind:\twired\niokmem-capacity:\t8388608\niokmem-length:\t6291456\n"
	"iokmem-resident:\t8388608\niokmem-charged:\t8388608\niokmem-cache:\tcopyback\n"
	"iokmem-direction:\tinout\niokmem-prepared:\t0\niokmem-extents:\t2\niokmem-maps:\t3\n"
	"iokmem-held:\t1\niokmem-dma-bufs:\t1\niokmem-revoked:\t0\niokmem-rights:\trw revoke\n";

static const char pools[] =
	"iokmem-pool:\twrite-combine\niokmem-pool-used:\t8192\niokmem-pool-idle:\t4096\n"
	"iokmem-pool-peak:\t8192\n\niokmem-leftover:\t0\niokmem-lost:\t0\n";

static const char status[] = "Name:\ta\nUmask:\t0022\nUid:\t1000\t1000\t1000\t1000\n";
static const char limits[] =
	"Limit                     Soft Limit           Hard Limit           Units\n"
	"Max locked memory         8388608              8388608              bytes\n";
static const char maps[] =
	"00400000-00401000 r-xp 00000000 fe:01 42 /bin/iokmem:5\n"
	"7f0000000000-7f0000800000 rw-s 00000000 00:0f 1031 anon_inode:iokmem:1\n";

/* The files that the tool reads. */
static const struct {
	const char *name;
	const char *text;
	size_t length;
} files[] = {
#define A_FILE(_name, _text) { _name, _text, sizeof(_text) - 1 }
	A_FILE("proc/iokmem/descriptors", list),
	A_FILE("proc/iokmem/pools", pools),
	A_FILE("proc/10/fdinfo/3", fdinfo),
	A_FILE("proc/10/status", status),
	A_FILE("proc/10/comm", "a\x1b[31m\n"),
	A_FILE("proc/10/limits", limits),
	A_FILE("proc/10/cgroup", "0::/user\n"),
	A_FILE("proc/10/maps", maps),
	A_FILE("proc/sys/vm/max_map_count", "65530\n"),
	A_FILE("sys/fs/cgroup/user/memory.current", "4096\n"),
	A_FILE("sys/fs/cgroup/user/memory.max", "max\n"),
	A_FILE("sys/module/iokmem/parameters/max_map_count", "65530\n"),
	A_FILE("etc/passwd", "root:x:0:0::/root:/bin/sh\na:x:1000:1000::/:/bin/sh\n"),
};

#define NR_READ_ONLY_TO_ALL	2	/* the first ones are the administrator's */

FIXTURE(input)
{
	char root[64], option[80];
};

static void restore(const char *root, size_t i)
{
	put_bytes(root, files[i].name, files[i].text, files[i].length);
}

FIXTURE_SETUP(input)
{
	size_t i;

	ASSERT_EQ(0, access(TOOL, X_OK)) TH_LOG("there is no %s", TOOL);
	snprintf(self->root, sizeof(self->root), "/tmp/iokmem.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->root));
	ASSERT_EQ(0, chmod(self->root, 0755));
	snprintf(self->option, sizeof(self->option), "--root=%s", self->root);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		restore(self->root, i);
}

FIXTURE_TEARDOWN(input)
{
	remove_tree(self->root);
}

static struct ran list_of(const char *option)
{
	return run_tool(0, "list", "--json", option);
}

TEST_F(input, of_a_newer_module_is_understood)
{
	struct ran before = list_of(self->option), after;
	char *newer = calloc(3, sizeof(list) + 4096), *line;
	const char *at = list;

	EXPECT_EQ(0, before.code);
	EXPECT_NE(NULL, json_parse(before.out));
	for (line = newer; *at; at = strchr(at, '\n') + 1) {
		size_t length = strchr(at, '\n') + 1 - at;

		memcpy(line, at, length);
		line += length;
		if (length > 1)
			line += sprintf(line, "iokmem-new:\t5\niokmem-id-new:\tx\n");
	}
	put_bytes(self->root, files[0].name, newer, strlen(newer));
	after = list_of(self->option);
	EXPECT_EQ(0, after.code);
	EXPECT_STREQ("", after.err);
	EXPECT_STREQ(before.out, after.out);
	ran_free(&before);
	ran_free(&after);
	free(newer);
}

/* Copy the list without the lines of a key. */
static char *without(const char *key)
{
	char *older = calloc(1, sizeof(list)), *to = older;
	const char *at = list;

	for (; *at; at = strchr(at, '\n') + 1) {
		size_t length = strchr(at, '\n') + 1 - at;

		if (!strncmp(at, key, strlen(key)))
			continue;
		memcpy(to, at, length);
		to += length;
	}
	return older;
}

TEST_F(input, of_an_older_module_is_said_to_be_so)
{
	static const struct { const char *key, *json; } told[] = {
		{ "iokmem-kind:\t", "kind" }, { "iokmem-length:\t", "length" },
		{ "iokmem-resident:\t", "resident" }, { "iokmem-cache:\t", "cache" },
		{ "iokmem-maker-comm:\t", "maker_comm" }, { "iokmem-users:\t", "users" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(told); i++) {
		char *older = without(told[i].key), said[128];
		struct json *all;
		struct ran ran;

		put_bytes(self->root, files[0].name, older, strlen(older));
		ran = list_of(self->option);
		all = json_parse(ran.out);
		EXPECT_EQ(0, ran.code);
		EXPECT_TRUE(json_says(json_find(json_get(all, "descriptors"), "id", 1),
				      told[i].json, NULL)) TH_LOG("%s", told[i].key);
		snprintf(said, sizeof(said), "iokmem: the kernel does not tell %.*s: ",
			 (int)strlen(told[i].key) - 2, told[i].key);
		EXPECT_EQ(0, strncmp(ran.err, said, strlen(said))) TH_LOG("%s", ran.err);
		/* It is said once, though there are several descriptors. */
		EXPECT_EQ(strlen(ran.err) - 1, strcspn(ran.err, "\n"));
		json_free(all);
		ran_free(&ran);
		free(older);
	}
}

/* Return true unless the tool has crashed, or printed what is no SVG, or no JSON. */
static bool is_sound(const struct ran *ran, bool is_json)
{
	const char *at;

	if (ran->code > 2)
		return false;
	if (ran->code == 2 || (ran->code == 1 && !*ran->out))
		return !strncmp(ran->err, "iokmem: ", 8) && !*ran->out;
	if (is_json) {
		struct json *value = json_parse(ran->out);

		json_free(value);
		return value;
	}
	for (at = ran->out; *at; at++) {
		if (((unsigned char)*at < ' ' && *at != '\n') ||
		    (*at == '&' && strncmp(at, "&lt;", 4) && strncmp(at, "&amp;", 5)))
			return false;
	}
	return !strncmp(ran->out, "<svg ", 5) && !strcmp(at - strlen("</svg>\n"), "</svg>\n");
}

static const char *const commands[][3] = {
	{ "list", "--json" }, { "maps", "--json" }, { "show", "--json", "1" },
	{ "show", "--json", "3" }, { "top", "--json" }, { "leaks", "--json" },
	{ "limits", "--json", "10" }, { "draw", "1" }, { "draw", "3" }, { "draw", "2" },
};

static struct ran run_command(size_t i, const char *option)
{
	return run_tool(0, option, commands[i][0], commands[i][1], commands[i][2]);
}

static bool is_json(size_t i)
{
	return strcmp(commands[i][0], "draw");
}

TEST_F(input, that_is_whole_is_understood_by_all_commands)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		struct ran ran = run_command(i, self->option);

		EXPECT_EQ(!strcmp(commands[i][0], "leaks"), ran.code)
			TH_LOG("%s: %s", commands[i][0], ran.err);
		EXPECT_TRUE(is_sound(&ran, is_json(i))) TH_LOG("%s: %s", commands[i][0], ran.out);
		EXPECT_STREQ("", ran.err);
		ran_free(&ran);
	}
}

TEST_F(input, of_names_is_made_harmless)
{
	struct ran ran = list_of(self->option);

	EXPECT_NE(NULL, strstr(ran.out, "\"maker_comm\": \"a \\\"<&\\\\012\\ufffd\""));
	EXPECT_NE(NULL, strstr(ran.out, "\"comm\": \"a\\u001b[31m\""));
	ran_free(&ran);
	ran = run_tool(0, "list", self->option);
	EXPECT_NE(NULL, strstr(ran.out, "a \"<&\\012\xff[10]"));
	ran_free(&ran);
	ran = run_tool(0, "top", self->option);
	EXPECT_NE(NULL, strstr(ran.out, "a\\033[31m"));
	EXPECT_EQ(NULL, strchr(ran.out, '\033'));
	ran_free(&ran);
}

TEST_F(input, that_ends_anywhere_is_taken_up_to_there)
{
	size_t length;

	for (length = 0; length < sizeof(list) - 1; length += 67) {
		struct ran ran;

		put_bytes(self->root, files[0].name, list, length);
		ran = list_of(self->option);
		EXPECT_EQ(0, ran.code);
		EXPECT_TRUE(is_sound(&ran, true)) TH_LOG("%zu bytes: %s", length, ran.out);
		ran_free(&ran);
	}
	/* A number that is cut in its middle is another number, and so is not taken. */
	length = strstr(list, "capacity:\t8388608") - list + strlen("capacity:\t83");
	put_bytes(self->root, files[0].name, list, length);
	EXPECT_EQ(0, list_of(self->option).code);
	EXPECT_NE(NULL, strstr(list_of(self->option).out, "\"capacity\": null"));
}

static __u64 random_state = 0x9e3779b97f4a7c15ull;

static size_t below(size_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return limit ? (random_state >> 20) % limit : 0;
}

#define ROOM	200000

/* Spoil a text in one of several ways. Returns its new length. */
static size_t spoil(char *text, size_t length)
{
	static const char *const bits[] = {
		"18446744073709551615", "99999999999999999999999", "-1", "0x", "\n\n", "\t", ":\t",
		"iokmem-id:\t1\n", "iokmem-member:\t1 0 18446744073709551615\n",
		"iokmem-member:\t3 1 1\n", "iokmem-parent:\t2\n", "iokmem-map:\t3\n",
		"iokmem-map-length:\t18446744073709551615\n",
		"iokmem-map-offset:\t9223372036854775808\n",
		"\x1b[2J", "\xc3\x28", "\xed\xa0\x80", "</svg>", "%n%s",
	};
	const char *bit = bits[below(ARRAY_SIZE(bits))];
	size_t at = below(length), n = below(length - at < 300 ? length - at : 300);
	size_t size = strlen(bit);

	switch (below(6)) {
	case 0:		/* end early */
		return at;
	case 1:		/* change a byte */
		if (length)
			text[at] = below(256);
		return length;
	case 2:		/* leave something out */
		memmove(text + at, text + at + n, length - at - n);
		return length - n;
	case 3:		/* repeat something */
		memmove(text + at + n, text + at, length - at);
		return length + n;
	case 4:		/* a very long line */
		size = 1 + below(ROOM / 4);
		memmove(text + at + size, text + at, length - at);
		memset(text + at, 'x', size);
		return length + size;
	default:	/* something that is hard to take */
		memmove(text + at + size, text + at, length - at);
		memcpy(text + at, bit, size);
		return length + size;
	}
}

TEST_F(input, that_is_garbage_does_no_harm)
{
	char *text = malloc(ROOM);
	int round, nr = getenv("IOKMEM_TOOL_ROUNDS") ? atoi(getenv("IOKMEM_TOOL_ROUNDS")) : 80;

	for (round = 0; round < nr; round++) {
		size_t i = below(2) ? 0 : below(ARRAY_SIZE(files)), length = files[i].length;
		size_t command = below(ARRAY_SIZE(commands));
		struct ran ran;
		int times;

		memcpy(text, files[i].text, length);
		for (times = 1 + below(4); times && length < ROOM / 4; times--)
			length = spoil(text, length);
		put_bytes(self->root, files[i].name, text, length);
		ran = run_command(command, self->option);
		EXPECT_TRUE(is_sound(&ran, is_json(command)))
			TH_LOG("round %d: %s with %s: code %d: %s%s", round, commands[command][0],
			       files[i].name, ran.code, ran.err, ran.out);
		ran_free(&ran);
		restore(self->root, i);
	}
	free(text);
}

TEST_F(input, that_only_the_administrator_may_read_is_not_needed)
{
	struct json *all, *desc;
	char path[128];
	struct ran ran;
	size_t i;

	for (i = 0; i < NR_READ_ONLY_TO_ALL; i++) {
		snprintf(path, sizeof(path), "%s/%s", self->root, files[i].name);
		ASSERT_EQ(0, chmod(path, 0400));
	}
	ran = run_tool(1000, "list", "--json", self->option);
	all = json_parse(ran.out);
	EXPECT_EQ('f', json_get(all, "all")->type);
	EXPECT_EQ(1, json_count(json_get(all, "descriptors")));
	desc = json_find(json_get(all, "descriptors"), "id", 1);
	EXPECT_TRUE(json_is(desc, "capacity", 8 * MIB));
	EXPECT_EQ(1, json_count(json_get(desc, "files")));
	json_free(all);
	ran_free(&ran);

	/* A program's own file of that name is no map. */
	ran = run_tool(1000, "maps", "--json", self->option);
	all = json_parse(ran.out);
	EXPECT_EQ(1, json_count(json_get(all, "maps")));
	EXPECT_NE(NULL, json_find(json_get(all, "maps"), "id", 1));
	json_free(all);
	ran_free(&ran);
}

TEST_F(input, is_missed_where_there_is_no_module)
{
	struct ran ran;
	char path[128];

	snprintf(path, sizeof(path), "%s/proc/iokmem", self->root);
	remove_tree(path);
	snprintf(path, sizeof(path), "%s/sys/module/iokmem", self->root);
	remove_tree(path);
	ran = list_of(self->option);
	EXPECT_EQ(2, ran.code);
	EXPECT_STREQ("", ran.out);
	EXPECT_STREQ("iokmem: the kernel module is not loaded: try 'modprobe iokmem'\n", ran.err);
	ran_free(&ran);
}

/* The version is one line, and another one if the module has another version. */
TEST_F(input, of_the_modules_version_is_compared)
{
	static const char name[] = "sys/module/iokmem/version";
	struct ran none = run_tool(0, self->option, "--version"), equal, other;
	char *version = strchr(none.out, ' '), *end;

	EXPECT_EQ(0, none.code);
	ASSERT_EQ(0, strncmp(none.out, "iokmem ", strlen("iokmem ")));
	end = strchr(none.out, '\n');
	ASSERT_NE(NULL, end);
	EXPECT_STREQ("", end + 1);

	put_file(self->root, name, "%s", version + 1);
	equal = run_tool(0, self->option, "--version");
	EXPECT_STREQ(none.out, equal.out);

	put_file(self->root, name, "0.0.1\n");
	other = run_tool(0, self->option, "--version");
	EXPECT_EQ(0, other.code);
	EXPECT_EQ(0, strncmp(none.out, other.out, end + 1 - none.out));
	EXPECT_STREQ("module 0.0.1 is loaded\n", other.out + (end + 1 - none.out));
	ran_free(&none);
	ran_free(&equal);
	ran_free(&other);
}

/* Nothing is taken and then ignored. */
TEST_F(input, of_the_command_line_is_checked)
{
	static const struct { const char *args[4], *said; } wrong[] = {
		{ { "unknown" }, "unknown is not a command" },
		{ { "list", "5" }, "too many arguments" },
		{ { "show" }, "which descriptor?" },
		{ { "show", "x" }, "x is not the number of a descriptor" },
		{ { "show", "-5" }, "invalid option" },
		{ { "draw", "1", "--json" }, "draw has no --json" },
		{ { "list", "--count=3" }, "only top has" },
		{ { "top", "--delay=0" }, "not a number of seconds" },
		{ { "top", "--delay=nan" }, "not a number of seconds" },
		{ { "top", "--count=0" }, "not a number of times" },
		{ { "limits", "0" }, "not the number of a process" },
		{ { "list", "--colour" }, "unrecognized option" },
		{ { NULL }, "usage: iokmem" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct ran ran = run_tool_as(0, wrong[i].args);

		EXPECT_EQ(2, ran.code) TH_LOG("%s", wrong[i].said);
		EXPECT_STREQ("", ran.out);
		EXPECT_NE(NULL, strstr(ran.err, wrong[i].said)) TH_LOG("%s", ran.err);
		ran_free(&ran);
	}
}

TEST_HARNESS_MAIN
