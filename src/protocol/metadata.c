#include "protocol/metadata.h"

#include "media/avcodec.h"
#include "protocol/amf.h"

enum { AMF0_OBJECT = 3, AMF0_ECMA_ARRAY = 8, AMF0_TO_AMF3 = 0x11 };

static bool is_one_of(struct bytes key, const char *const *names)
{
    for (; *names != NULL; names++)
        if (bytes_equal(key, bytes_of(*names)))
            return true;
    return false;
}

static bool is_kept(struct bytes key, const struct metadata_view *view)
{
    static const char *const video[] = {
        "videocodecid", "width", "height", "framerate", "videodatarate", "hasVideo", "displayWidth",
        "displayHeight", "videosize", "avcprofile", "avclevel", "videokeyframe_frequency",
        "hasKeyframes", NULL,
    };
    static const char *const audio[] = {
        "audiocodecid", "audiosamplerate", "audiosamplesize", "audiodatarate", "audiochannels", "stereo",
        "hasAudio", "audiodevice", NULL,
    };
    if (bytes_equal(key, bytes_of("videoTrackIdInfoMap")))
        return view->video == METADATA_KEEP_ALL;
    if (bytes_equal(key, bytes_of("audioTrackIdInfoMap")))
        return view->audio == METADATA_KEEP_ALL;
    if (is_one_of(key, video))
        return view->video != METADATA_KEEP_NONE;
    return !is_one_of(key, audio) || view->audio != METADATA_KEEP_NONE;
}

/* Enhanced RTMP states the FourCC as a number; what multitrack_extract() turns into FLV's form has
 * FLV's id. */
static double codec_id(const struct amf_value *v, enum multitrack_form form)
{
    bool cdn = form == MULTITRACK_FLV_CDN;
    if (v->number == AVCODEC_H264)
        return 7;
    if (v->number == AVCODEC_AAC)
        return 10;
    if (v->number == AVCODEC_MP3)
        return 2;
    if (v->number == AVCODEC_HEVC && cdn)
        return 12;
    return v->number == AVCODEC_AV1 && cdn ? 13 : v->number;
}

static bool is_codec_id(const struct amf_value *v)
{
    return v->type == AMF_NUMBER && (bytes_equal(v->key, bytes_of("videocodecid")) ||
                                     bytes_equal(v->key, bytes_of("audiocodecid")));
}

/* One member, whose bytes are `raw`: its key, behind two bytes of length, and its value. */
static bool write_member(struct writer *w, const struct amf_value *v, struct bytes raw,
                         const struct metadata_view *view)
{
    if (raw.size < 2 + v->key.size + 1 || raw.data[2 + v->key.size] == AMF0_TO_AMF3)
        return false; /* its references may be to what is left out */
    if (!is_kept(v->key, view))
        return true;
    if (view->form == MULTITRACK_ENHANCED || !is_codec_id(v)) {
        write_bytes(w, raw.data, raw.size);
        return true;
    }
    amf_write_key_of(w, v->key);
    amf_write_number(w, codec_id(v, view->form));
    return true;
}

/* The members of the object that `r` has entered, and its end. */
static bool write_members(struct writer *w, struct amf_reader *r, const struct metadata_view *view)
{
    struct amf_value v;
    const uint8_t   *from = r->in.at;
    while (amf_read_flat(r, &v) && v.type != AMF_END) {
        struct bytes raw = { from, (size_t)(r->in.at - from) };
        if (!write_member(w, &v, raw, view))
            return false;
        from = r->in.at;
    }
    amf_write_object_end(w);
    return r->error == 0;
}

static bool write_cut(struct writer *w, struct bytes in, const struct metadata_view *view)
{
    struct amf_reader r = amf_reader_over(in);
    struct amf_value  v;
    if (!amf_read(&r, &v) || reader_left(&r.in) == 0)
        return false;
    uint8_t marker = *r.in.at;
    if ((marker != AMF0_OBJECT && marker != AMF0_ECMA_ARRAY) || !amf_read(&r, &v))
        return false;
    write_bytes(w, in.data, (size_t)(r.in.at - in.data)); /* the name, and the array's count: a hint */
    return write_members(w, &r, view);
}

struct avpacket *metadata_cut(const struct avpacket *packet, const struct metadata_view *view)
{
    struct avpacket *cut = avpacket_new(AV_DATA, packet->size);
    if (cut == NULL)
        return NULL;
    struct writer w = writer_over(avpacket_body(cut), cut->capacity);
    bool          ok = write_cut(&w, avpacket_bytes(packet), view);
    cut->size = (uint32_t)writer_size(&w);
    cut->flags = AV_METADATA;
    cut->dts_ms = packet->dts_ms;
    if (!ok || w.overrun)
        avpacket_unref(&cut);
    return cut;
}
