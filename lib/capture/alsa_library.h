/* libasound, loaded on demand: snd_pcm_open is called as vpi_snd.pcm_open, after vpi_snd_load. A call by
 * the function's own name does not link. */
#ifndef VPI_CAPTURE_ALSA_LIBRARY_H
#define VPI_CAPTURE_ALSA_LIBRARY_H

#include "base/library.h"
#include <alloca.h>
#include <alsa/asoundlib.h>
#include <string.h>

/* clang-format off */
#define VPI_ALSA_FUNCTIONS(X) \
    X(card_next) X(config_delete) X(config_get_id) X(config_get_integer) X(config_get_string) \
    X(config_get_type) X(config_iterator_end) X(config_iterator_entry) X(config_iterator_first) \
    X(config_iterator_next) X(config_search) X(config_search_definition) X(config_update_free) \
    X(config_update_r) X(ctl_card_info) X(ctl_card_info_get_id) X(ctl_card_info_get_longname) \
    X(ctl_card_info_get_name) X(ctl_card_info_sizeof) X(ctl_close) X(ctl_open) X(ctl_pcm_info) \
    X(ctl_pcm_next_device) X(lib_error_set_local) X(pcm_avail) X(pcm_close) X(pcm_drop) \
    X(pcm_forward) X(pcm_htimestamp) X(pcm_hw_params) X(pcm_hw_params_any) \
    X(pcm_hw_params_get_buffer_size) X(pcm_hw_params_get_channels_max) \
    X(pcm_hw_params_get_channels_min) X(pcm_hw_params_get_period_size) \
    X(pcm_hw_params_get_rate_max) X(pcm_hw_params_get_rate_min) X(pcm_hw_params_set_access) \
    X(pcm_hw_params_set_buffer_time_near) X(pcm_hw_params_set_channels) \
    X(pcm_hw_params_set_format) X(pcm_hw_params_set_period_time_near) X(pcm_hw_params_set_rate) \
    X(pcm_hw_params_set_rate_resample) X(pcm_hw_params_sizeof) X(pcm_hw_params_test_rate) \
    X(pcm_info) X(pcm_info_get_card) X(pcm_info_get_device) X(pcm_info_get_name) \
    X(pcm_info_set_device) X(pcm_info_set_stream) X(pcm_info_set_subdevice) X(pcm_info_sizeof) \
    X(pcm_mmap_begin) X(pcm_mmap_commit) X(pcm_open) X(pcm_open_lconf) X(pcm_poll_descriptors) \
    X(pcm_poll_descriptors_count) X(pcm_poll_descriptors_revents) X(pcm_prepare) X(pcm_readi) \
    X(pcm_start) X(pcm_state) X(pcm_status) X(pcm_status_get_trigger_htstamp) \
    X(pcm_status_sizeof) X(pcm_sw_params) X(pcm_sw_params_current) X(pcm_sw_params_get_boundary) \
    X(pcm_sw_params_set_avail_min) X(pcm_sw_params_set_start_threshold) \
    X(pcm_sw_params_set_stop_threshold) X(pcm_sw_params_set_tstamp_mode) \
    X(pcm_sw_params_set_tstamp_type) X(pcm_sw_params_sizeof) X(strerror)
/* clang-format on */

typedef struct vpi_snd_functions {
#define X(name) __typeof__(&snd_##name) name;
    VPI_ALSA_FUNCTIONS(X)
#undef X
} vpi_snd_functions;

extern vpi_snd_functions vpi_snd;

/* Instead of snd_…_alloca, which calls functions by their own names (as snd_config_for_each does). */
#define VPI_SND_ALLOCA(type, at)                                                                   \
    (*(at) = memset(alloca(vpi_snd.type##_sizeof()), 0, vpi_snd.type##_sizeof()))

/* See vpi_library_load. */
vpriv_status vpi_snd_load(void);

#endif
