// SPDX-License-Identifier: GPL-2.0
/*
 * Password in a file.
 */

#include "mqtt_password.h"

#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void warn_of_readers(const char *path, FILE *file)
{
	struct stat st;

	if (!fstat(fileno(file), &st) && S_ISREG(st.st_mode) && st.st_mode & 0007)
		message("%s: readable by all users; use chmod o-rwx", path);
}

bool read_password(const char *path, char **password)
{
	FILE *file = fopen(path, "re");
	size_t size = 0;

	*password = NULL;
	if (!file)
		return report_error("%s: %s", path, strerror(errno));
	warn_of_readers(path, file);
	if (getline(password, &size, file) < 0) {
		free(*password);
		*password = NULL;
	}
	if (ferror(file)) {
		report_error("%s: %s", path, strerror(errno));
		fclose(file);
		return false;
	}
	fclose(file);
	if (*password)
		(*password)[strcspn(*password, "\r\n")] = '\0';
	if (*password && !**password) {
		free(*password);
		*password = NULL;
	}
	return true;
}
