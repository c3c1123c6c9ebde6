#include "CPage.h"

/* `#embed` is of C23, and of this compiler in all of its languages: the files need no step of the build, and no folder at run time. */
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char html[] = {
#embed "index.html"
};

static const unsigned char style[] = {
#embed "page.css"
};

static const unsigned char script[] = {
#embed "page.js"
};

struct cpage_file cpage_html(void) { return (struct cpage_file){html, sizeof html}; }
struct cpage_file cpage_style(void) { return (struct cpage_file){style, sizeof style}; }
struct cpage_file cpage_script(void) { return (struct cpage_file){script, sizeof script}; }
