/* The page that the gateway serves: its files as they lie beside this one, in the program. */
#pragma once

#include <stddef.h>

struct cpage_file {
    const unsigned char *bytes;
    size_t count;
};

struct cpage_file cpage_html(void);
struct cpage_file cpage_style(void);
struct cpage_file cpage_script(void);
