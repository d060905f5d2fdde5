// SPDX-License-Identifier: GPL-2.0
/*
 * Files with the arguments of attach.
 */

#include "attach_file.h"

#include "message.h"
#include "words.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX		".conf"
#define FILE_BYTES	16384
#define MAX_ARGS	256

/* The label defaults to the name of the file. */
static void set_default_label(struct attachment *attachment)
{
	const char *slash = strrchr(attachment->file, '/');
	const char *name = slash ? slash + 1 : attachment->file;
	const char *suffix = strstr(name, SUFFIX);

	snprintf(attachment->label, LABEL_BYTES, "%.*s",
		 (int)(suffix ? suffix - name : (ssize_t)strlen(name)), name);
}

static bool read_file(const struct attachment *attachment, char text[FILE_BYTES])
{
	FILE *file = fopen(attachment->file, "re");
	size_t bytes;
	bool good;

	if (!file)
		return report_error("%s", strerror(errno));
	bytes = fread(text, 1, FILE_BYTES, file);
	good = !ferror(file) || report_error("%s", strerror(errno));
	fclose(file);
	if (bytes == FILE_BYTES)
		return report_error("larger than %u bytes", FILE_BYTES - 1);
	text[bytes] = '\0';
	return good;
}

static enum exit_status attach_file(const char *path,
				    enum exit_status (*run)(struct attachment *attachment))
{
	static struct attachment attachment;
	char text[FILE_BYTES], *argv[MAX_ARGS + 1] = { (char *)path };
	enum exit_status status;
	size_t count;

	attachment = (struct attachment){ .file = path };
	set_default_label(&attachment);
	message_set_file(path);
	if (!read_file(&attachment, text))
		status = EXIT_FAILED;
	else if (!split_words(text, true, argv + 1, MAX_ARGS, &count))
		status = EXIT_USAGE;
	else if (attachment_parse(&attachment, count + 1, argv, &status))
		status = run(&attachment);
	message_set_file(NULL);
	return status;
}

static int is_config(const struct dirent *entry)
{
	const size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > strlen(SUFFIX) &&
	       !strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX);
}

static enum exit_status attach_directory(const char *path,
					 enum exit_status (*run)(struct attachment *attachment))
{
	enum exit_status status = EXIT_OK, one;
	struct dirent **entries = NULL;
	char file[PATH_MAX];
	int count, i;

	count = scandir(path, &entries, is_config, alphasort);
	if (count < 0) {
		message("%s: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	for (i = 0; i < count; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		one = attach_file(file, run);
		if (status == EXIT_OK)
			status = one;
		free(entries[i]);
	}
	free(entries);
	return status;
}

enum exit_status attach_files(const char *path,
			      enum exit_status (*run)(struct attachment *attachment))
{
	struct stat st;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return attach_directory(path, run);
	return attach_file(path, run);
}
