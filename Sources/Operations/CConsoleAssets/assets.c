#include "apus_console_assets.h"

// The compiler reads the files itself and depends on them, so an edited page is rebuilt.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char index_html[] = {
#embed "../Console/Page/index.html"
};
static const unsigned char page_css[] = {
#embed "../Console/Page/page.css"
};
static const unsigned char favicon_svg[] = {
#embed "../Console/Page/favicon.svg"
};
static const unsigned char theme_js[] = {
#embed "../Console/Page/theme.js"
};
static const unsigned char page_js[] = {
#embed "../Console/Page/page.js"
};
static const unsigned char appearance_js[] = {
#embed "../Console/Page/appearance.js"
};
static const unsigned char batching_js[] = {
#embed "../Console/Page/batching.js"
};
static const unsigned char boxes_js[] = {
#embed "../Console/Page/boxes.js"
};
static const unsigned char caller_js[] = {
#embed "../Console/Page/caller.js"
};
static const unsigned char camera_js[] = {
#embed "../Console/Page/camera.js"
};
static const unsigned char curl_js[] = {
#embed "../Console/Page/curl.js"
};
static const unsigned char digit_js[] = {
#embed "../Console/Page/digit.js"
};
static const unsigned char elements_js[] = {
#embed "../Console/Page/elements.js"
};
static const unsigned char ink_js[] = {
#embed "../Console/Page/ink.js"
};
static const unsigned char json_js[] = {
#embed "../Console/Page/json.js"
};
static const unsigned char models_js[] = {
#embed "../Console/Page/models.js"
};
static const unsigned char pad_js[] = {
#embed "../Console/Page/pad.js"
};
static const unsigned char photo_js[] = {
#embed "../Console/Page/photo.js"
};
static const unsigned char photo_views_js[] = {
#embed "../Console/Page/photo-views.js"
};
static const unsigned char request_js[] = {
#embed "../Console/Page/request.js"
};
static const unsigned char server_js[] = {
#embed "../Console/Page/server.js"
};
static const unsigned char shapes_js[] = {
#embed "../Console/Page/shapes.js"
};
static const unsigned char signature_js[] = {
#embed "../Console/Page/signature.js"
};
static const unsigned char tensor_js[] = {
#embed "../Console/Page/tensor.js"
};
static const unsigned char timings_js[] = {
#embed "../Console/Page/timings.js"
};
static const unsigned char views_js[] = {
#embed "../Console/Page/views.js"
};
static const unsigned char answer_js[] = {
#embed "../Console/Page/answer.js"
};
static const unsigned char description_js[] = {
#embed "../Console/Page/description.js"
};
static const unsigned char docs_css[] = {
#embed "../Console/Page/docs.css"
};
static const unsigned char docs_html[] = {
#embed "../Console/Page/docs.html"
};
static const unsigned char docs_js[] = {
#embed "../Console/Page/docs.js"
};
static const unsigned char operation_js[] = {
#embed "../Console/Page/operation.js"
};
static const unsigned char request_body_js[] = {
#embed "../Console/Page/request-body.js"
};

#define FILE_AT(served_path, name) {served_path, name, sizeof(name)}

static const struct apus_console_asset assets[] = {
    FILE_AT("/", index_html),
    FILE_AT("/assets/page.css", page_css),
    FILE_AT("/favicon.svg", favicon_svg),
    FILE_AT("/assets/theme.js", theme_js),
    FILE_AT("/assets/page.js", page_js),
    FILE_AT("/assets/appearance.js", appearance_js),
    FILE_AT("/assets/batching.js", batching_js),
    FILE_AT("/assets/boxes.js", boxes_js),
    FILE_AT("/assets/caller.js", caller_js),
    FILE_AT("/assets/camera.js", camera_js),
    FILE_AT("/assets/curl.js", curl_js),
    FILE_AT("/assets/digit.js", digit_js),
    FILE_AT("/assets/elements.js", elements_js),
    FILE_AT("/assets/ink.js", ink_js),
    FILE_AT("/assets/json.js", json_js),
    FILE_AT("/assets/models.js", models_js),
    FILE_AT("/assets/pad.js", pad_js),
    FILE_AT("/assets/photo.js", photo_js),
    FILE_AT("/assets/photo-views.js", photo_views_js),
    FILE_AT("/assets/request.js", request_js),
    FILE_AT("/assets/server.js", server_js),
    FILE_AT("/assets/shapes.js", shapes_js),
    FILE_AT("/assets/signature.js", signature_js),
    FILE_AT("/assets/tensor.js", tensor_js),
    FILE_AT("/assets/timings.js", timings_js),
    FILE_AT("/assets/views.js", views_js),
    FILE_AT("/assets/answer.js", answer_js),
    FILE_AT("/assets/description.js", description_js),
    FILE_AT("/assets/docs.css", docs_css),
    FILE_AT("/docs", docs_html),
    FILE_AT("/assets/docs.js", docs_js),
    FILE_AT("/assets/operation.js", operation_js),
    FILE_AT("/assets/request-body.js", request_body_js),
};

size_t apus_console_asset_count(void) { return sizeof(assets) / sizeof(assets[0]); }

struct apus_console_asset apus_console_asset_at(size_t index) { return assets[index]; }
