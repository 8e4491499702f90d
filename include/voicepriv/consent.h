/** @file consent.h
 *  What a recording may be used for, what a person was shown, what they answered, and the one
 *  question everything else asks: is this allowed?
 *
 *      vpriv_decision_input input = {.struct_size = sizeof input, ...every fact that is known...};
 *      uint32_t reasons = 0;
 *      vpriv_status st = vpriv_decide(&input, &reasons);
 *      if (st != VPRIV_OK || reasons != 0)
 *          ...no, and reasons says why...
 *
 *  Everything here is pure: no files, no clock, no memory between calls. An engineering reading of
 *  the law, not legal advice. */
#ifndef VOICEPRIV_CONSENT_H
#define VOICEPRIV_CONSENT_H

#include <voicepriv/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VPRIV_SUBJECT_ID_BYTES        16
#define VPRIV_CONSENT_RECORD_ID_BYTES 16
#define VPRIV_SHA256_BYTES            32

/** A time that never comes: valid without end, kept until erased. */
#define VPRIV_TIME_FOREVER_US INT64_MAX

/** What a recording may be used for. One bit, one key pair. Names as in vpriv_purpose_name(). */
typedef enum vpriv_purpose {
    VPRIV_PURPOSE_EXECUTE_REQUEST = 0,            /**< answer the request, in memory only */
    VPRIV_PURPOSE_TRANSMIT_FOR_EXECUTION = 1,     /**< send it away to answer the request */
    VPRIV_PURPOSE_KEEP_HISTORY = 2,               /**< store it for the person */
    VPRIV_PURPOSE_HUMAN_REVIEW = 3,               /**< people listen to it */
    VPRIV_PURPOSE_IMPROVE_BY_MACHINE = 4,         /**< improve the service, nobody listens */
    VPRIV_PURPOSE_DEVELOP_NEW_FEATURES = 5,       /**< research and new features */
    VPRIV_PURPOSE_ON_DEVICE_ADAPTATION = 6,       /**< adapt this device to the voice */
    VPRIV_PURPOSE_SPEAKER_IDENTIFICATION = 7,     /**< tell who speaks; special category */
    VPRIV_PURPOSE_PROFILE_FOR_CONTENT_OR_ADS = 8, /**< profiles for content or advertising */
    VPRIV_PURPOSE_FALSE_WAKE_ANALYSIS = 9,        /**< features of false wakes, never the sound */
    VPRIV_PURPOSE_DIAGNOSE_FAULT = 10,            /**< find one fault, one use */
    VPRIV_PURPOSE_SAFETY_OR_ABUSE = 11,           /**< not by consent: a legal basis of its own */
    VPRIV_PURPOSE_LEGAL_OBLIGATION = 12,          /**< not by consent: a hold, visible */
    VPRIV_PURPOSE_DONATION = 13,                  /**< given away for research */
    VPRIV_PURPOSE_TRAIN_THIRD_PARTY = 14,         /**< others train their models with it */
    VPRIV_PURPOSE_VENDOR_FIRST = 15,              /**< 15 to 31 are the vendor's own */
    VPRIV_PURPOSE_VENDOR_LAST = 31,
} vpriv_purpose;

/** How many purposes there can be; they fit the bits of an uint32_t. */
#define VPRIV_PURPOSES_MAX 32
/** The bit of a purpose in a set of purposes. */
#define VPRIV_PURPOSE_BIT(purpose) ((uint32_t)1 << (purpose))

/** What a purpose rests on. */
typedef enum vpriv_purpose_basis {
    VPRIV_PURPOSE_BASIS_CONSENT = 0, /**< the person's yes, for this purpose alone */
    VPRIV_PURPOSE_BASIS_TRIGGER = 1, /**< the person triggered the request */
    VPRIV_PURPOSE_BASIS_LAW = 2, /**< a legal basis other than consent; vpriv_decide() says no */
} vpriv_purpose_basis;

/** One row of the table of purposes. */
typedef struct vpriv_purpose_info {
    vpriv_purpose purpose;
    const char *name;         /**< as in vpriv_purpose_name() */
    const char *sentence;     /**< what it means, in one plain English sentence */
    const char *broader_iri;  /**< the broader term of the Data Privacy Vocabulary; empty for the
                                   vendor's own, who must name one */
    const char *broader2_iri; /**< a second one, or empty */
    vpriv_purpose_basis basis;
    bool is_on_by_default;    /**< true only for EXECUTE_REQUEST, when the person triggers it */
    bool is_explicit;         /**< needs explicit consent, asked for separately */
    bool is_special_category; /**< GDPR art. 9 data */
    bool is_storable;         /**< a recording may be kept and have a key for it; otherwise sound
                                   is used in memory only, or not at all. Vendor's own: false here,
                                   the vault knows */
    uint32_t uses_max;        /**< uses one consent can allow; 0 is unlimited */
} vpriv_purpose_info;

/** Name a purpose the way files and command lines write it: "human_review", "vendor_17".
 *  @param      purpose  any value; outside 0 to 31 it gets a phrase of its own
 *  @return     static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_purpose_name(vpriv_purpose purpose);

/** Find the purpose of a name; the exact inverse of vpriv_purpose_name().
 *  @param      name         a name, lower case
 *  @param[out] purpose_out  untouched on failure
 *  Owns:     nothing is kept
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL  @retval VPRIV_E_NOT_FOUND no such name
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_purpose_from_name(
    const char *name, vpriv_purpose *purpose_out);

/** Look a purpose up in the table: what it rests on, what it needs, what it may keep.
 *  @param      purpose  0 to 31
 *  @return     a row of the table; NULL when purpose is outside 0 to 31
 *  Owns:     the library owns the row; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const vpriv_purpose_info *vpriv_purpose_about(vpriv_purpose purpose);

/** Where the consent of one person for one purpose stands. Only GIVEN and RENEWED permit. */
typedef enum vpriv_consent_state {
    VPRIV_CONSENT_UNKNOWN = 0,     /**< never asked, never answered: no */
    VPRIV_CONSENT_REQUESTED = 1,   /**< asked, not answered */
    VPRIV_CONSENT_GIVEN = 2,       /**< yes */
    VPRIV_CONSENT_REFUSED = 3,     /**< no */
    VPRIV_CONSENT_DEFERRED = 4,    /**< "ask me later": no */
    VPRIV_CONSENT_WITHDRAWN = 5,   /**< taken back by the person, a parent or a guardian */
    VPRIV_CONSENT_REVOKED = 6,     /**< ended by the controller */
    VPRIV_CONSENT_EXPIRED = 7,     /**< its time or its uses ran out */
    VPRIV_CONSENT_INVALIDATED = 8, /**< notice, purpose, controller or recipient changed, or a child
                                        came of age */
    VPRIV_CONSENT_RENEWED = 9,     /**< given again after it had expired */
} vpriv_consent_state;

/** Name a state: "given", "withdrawn".
 *  @param      state  any value; unknown ones get a phrase of their own
 *  @return     static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_consent_state_name(vpriv_consent_state state);

/** What can happen to a consent. */
typedef enum vpriv_consent_event {
    VPRIV_CONSENT_EVENT_REQUEST = 1,    /**< the person is asked, with the current notice */
    VPRIV_CONSENT_EVENT_GIVE = 2,       /**< yes */
    VPRIV_CONSENT_EVENT_REFUSE = 3,     /**< no */
    VPRIV_CONSENT_EVENT_DEFER = 4,      /**< later */
    VPRIV_CONSENT_EVENT_WITHDRAW = 5,   /**< the person, a parent or a guardian takes it back */
    VPRIV_CONSENT_EVENT_REVOKE = 6,     /**< the controller ends it */
    VPRIV_CONSENT_EVENT_EXPIRE = 7,     /**< time or uses ran out */
    VPRIV_CONSENT_EVENT_INVALIDATE = 8, /**< what was consented to has changed */
    VPRIV_CONSENT_EVENT_RECONFIRM = 9,  /**< yes again, after it expired */
} vpriv_consent_event;

/** Who did it. */
typedef enum vpriv_consent_by {
    VPRIV_CONSENT_BY_UNKNOWN = 0,
    VPRIV_CONSENT_BY_PERSON = 1,
    VPRIV_CONSENT_BY_PARENT = 2,
    VPRIV_CONSENT_BY_GUARDIAN = 3,
    VPRIV_CONSENT_BY_CONTROLLER = 4,
    VPRIV_CONSENT_BY_GUARDIANS = 5, /**< everybody who has parental responsibility, together; what
                                         it takes after one of them said no */
} vpriv_consent_by;

/** How it was indicated. */
typedef enum vpriv_consent_method {
    VPRIV_CONSENT_METHOD_UNKNOWN = 0,
    VPRIV_CONSENT_METHOD_TAP = 1,
    VPRIV_CONSENT_METHOD_VOICE = 2,
    VPRIV_CONSENT_METHOD_BUTTON = 3,
    VPRIV_CONSENT_METHOD_PAPER = 4,
    VPRIV_CONSENT_METHOD_IMPORT = 5,
} vpriv_consent_method;

/** Whose voice it is, as far as anybody knows. */
typedef enum vpriv_subject_class {
    VPRIV_SUBJECT_UNKNOWN = 0,
    VPRIV_SUBJECT_USER = 1,
    VPRIV_SUBJECT_GUEST = 2,
    VPRIV_SUBJECT_BYSTANDER = 3,
    VPRIV_SUBJECT_CHILD = 4,
} vpriv_subject_class;

/** What a party is to the person, as in GDPR art. 4. */
typedef enum vpriv_party_role {
    VPRIV_PARTY_UNKNOWN = 0,
    VPRIV_PARTY_CONTROLLER = 1,
    VPRIV_PARTY_PROCESSOR = 2,
    VPRIV_PARTY_THIRD_PARTY = 3,
    VPRIV_PARTY_AUTHORITY = 4,
} vpriv_party_role;

/** On what ground, as in GDPR art. 6(1) a to f and 9(2) a. */
typedef enum vpriv_legal_basis {
    VPRIV_LEGAL_BASIS_UNKNOWN = 0,
    VPRIV_LEGAL_BASIS_CONSENT = 1,             /**< A6-1-a */
    VPRIV_LEGAL_BASIS_CONTRACT = 2,            /**< A6-1-b */
    VPRIV_LEGAL_BASIS_LEGAL_OBLIGATION = 3,    /**< A6-1-c */
    VPRIV_LEGAL_BASIS_VITAL_INTEREST = 4,      /**< A6-1-d */
    VPRIV_LEGAL_BASIS_PUBLIC_INTEREST = 5,     /**< A6-1-e */
    VPRIV_LEGAL_BASIS_LEGITIMATE_INTEREST = 6, /**< A6-1-f */
    VPRIV_LEGAL_BASIS_EXPLICIT_CONSENT = 7,    /**< A9-2-a, and A6-1-a asked for separately */
} vpriv_legal_basis;

/** What is done with a recording; a set of bits. */
typedef enum vpriv_processing {
    VPRIV_PROCESSING_RECORD = 1 << 0,
    VPRIV_PROCESSING_STORE = 1 << 1,
    VPRIV_PROCESSING_ANALYSE = 1 << 2,
    VPRIV_PROCESSING_LISTEN = 1 << 3,
    VPRIV_PROCESSING_TRANSCRIBE = 1 << 4,
    VPRIV_PROCESSING_ANNOTATE = 1 << 5,
    VPRIV_PROCESSING_SHARE = 1 << 6,
    VPRIV_PROCESSING_ALL = (1 << 7) - 1,
} vpriv_processing;

/** What part people have in it. */
typedef enum vpriv_human_involvement {
    VPRIV_HUMAN_UNKNOWN = 0,
    VPRIV_HUMAN_NOT_INVOLVED = 1,
    VPRIV_HUMAN_FOR_VERIFICATION = 2, /**< people check results */
    VPRIV_HUMAN_FOR_OVERSIGHT = 3,    /**< people watch over the process */
    VPRIV_HUMAN_INVOLVED = 4,         /**< people do it */
} vpriv_human_involvement;

#define VPRIV_PARTIES_MAX       8
#define VPRIV_RECIPIENTS_MAX    8
#define VPRIV_JURISDICTIONS_MAX 4
#define VPRIV_LAWS_MAX          4

/* Sizes of texts, the final NUL included. All texts are UTF-8 without control characters. */
#define VPRIV_PARTY_ID_BYTES       64
#define VPRIV_PARTY_NAME_BYTES     128
#define VPRIV_PARTY_CONTACT_BYTES  128
#define VPRIV_COUNTRY_BYTES        4
#define VPRIV_JURISDICTION_BYTES   8
#define VPRIV_LAW_BYTES            128
#define VPRIV_NOTICE_ID_BYTES      64
#define VPRIV_NOTICE_VERSION_BYTES 32
#define VPRIV_LANGUAGE_BYTES       36
#define VPRIV_DEVICE_BYTES         64
#define VPRIV_RETENTION_BYTES      32
#define VPRIV_WITHDRAWAL_BYTES     256
#define VPRIV_SURFACE_BYTES        64

/** The text of vpriv_consent_record.retention that sets no term. */
#define VPRIV_RETENTION_UNTIL_ERASED "until-erased"

/** Somebody with a part in it. */
typedef struct vpriv_party {
    char id[VPRIV_PARTY_ID_BYTES];           /**< unique within the record */
    char name[VPRIV_PARTY_NAME_BYTES];       /**< what people call it */
    char country[VPRIV_COUNTRY_BYTES];       /**< ISO 3166-1, two capitals */
    char contact[VPRIV_PARTY_CONTACT_BYTES]; /**< address, mail or web; may be empty */
    vpriv_party_role role;
} vpriv_party;

/** Which text a person was shown. */
typedef struct vpriv_notice_ref {
    char id[VPRIV_NOTICE_ID_BYTES];
    char version[VPRIV_NOTICE_VERSION_BYTES];
    char language[VPRIV_LANGUAGE_BYTES]; /**< BCP 47: "de", "pt-BR" */
    uint8_t sha256[VPRIV_SHA256_BYTES];  /**< vpriv_notice_hash() of the exact text */
} vpriv_notice_ref;

/** The latest thing that happened to a consent. */
typedef struct vpriv_consent_indication {
    vpriv_consent_state state;
    vpriv_consent_by by;
    vpriv_consent_method method;
    int64_t time_us;                   /**< UTC microseconds, years 1970 to 2400 */
    int64_t valid_until_us;            /**< first microsecond it no longer holds; 0 is no end */
    uint64_t surface_sequence;         /**< counts the events of one surface; 0 when not counted */
    char surface[VPRIV_SURFACE_BYTES]; /**< where it happened: "app", "device" */
} vpriv_consent_indication;

/** One consent: one person, one purpose, one controller. The fields are those of
 *  ISO/IEC TS 27560 and a few of our own; zeroed fields that must be filled are refused. */
typedef struct vpriv_consent_record {
    size_t struct_size;                               /**< sizeof(vpriv_consent_record) */
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES]; /**< a version 4 UUID */
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];          /**< pseudonym, not all zeros */
    vpriv_subject_class subject_class;
    char controller_id[VPRIV_PARTY_ID_BYTES]; /**< a party with the role of controller */
    uint32_t n_parties;
    vpriv_party parties[VPRIV_PARTIES_MAX];
    uint32_t n_recipients;
    char recipients[VPRIV_RECIPIENTS_MAX][VPRIV_PARTY_ID_BYTES]; /**< ids of parties */
    uint32_t n_jurisdictions;
    char jurisdictions[VPRIV_JURISDICTIONS_MAX][VPRIV_JURISDICTION_BYTES]; /**< "DE", "US-CA" */
    uint32_t n_laws;
    char laws[VPRIV_LAWS_MAX][VPRIV_LAW_BYTES]; /**< IRIs */
    vpriv_notice_ref notice;
    vpriv_purpose purpose;
    vpriv_legal_basis legal_basis;
    uint32_t operations; /**< set of vpriv_processing, not empty */
    vpriv_human_involvement human_involvement;
    char storage_device[VPRIV_DEVICE_BYTES];
    char storage_country[VPRIV_COUNTRY_BYTES]; /**< may be empty for a device that moves */
    char retention[VPRIV_RETENTION_BYTES];     /**< ISO 8601 duration, "P3M", "PT0S", or
                                                    VPRIV_RETENTION_UNTIL_ERASED */
    char withdrawal[VPRIV_WITHDRAWAL_BYTES];   /**< how to withdraw, in words; not empty */
    vpriv_consent_indication event;
    bool covers_past;        /**< also what was recorded before */
    uint32_t max_sample_ppm; /**< of a million recordings at most so many may be drawn; 0 is none */
    uint32_t max_uses;       /**< 0 is unlimited */
    uint32_t uses;           /**< so far */
    uint64_t policy_epoch;
    uint8_t
        previous_hash[VPRIV_SHA256_BYTES]; /**< of the record this one follows; zeros at first */
} vpriv_consent_record;

/** The exact text a person was shown. */
typedef struct vpriv_notice {
    size_t struct_size;   /**< sizeof(vpriv_notice) */
    const char *id;       /**< 1 to VPRIV_NOTICE_ID_BYTES - 1 bytes */
    const char *version;  /**< 1 to VPRIV_NOTICE_VERSION_BYTES - 1 bytes */
    const char *language; /**< BCP 47 */
    const char *text;     /**< UTF-8 without NUL; need not end with NUL */
    size_t text_bytes;    /**< 1 to VPRIV_NOTICE_TEXT_BYTES_MAX */
} vpriv_notice;

#define VPRIV_NOTICE_TEXT_BYTES_MAX 65536

/** Check a notice and hash its text: the SHA-256 that consents bind to, over the exact bytes.
 *  @param      notice      id, version, language and text
 *  @param[out] sha256_out  VPRIV_SHA256_BYTES bytes, untouched on failure
 *  Owns:     borrows notice for the call
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL or struct_size is not known
 *  @retval VPRIV_E_LIMIT the text, id or version is too long
 *  @retval VPRIV_E_FORMAT empty, not UTF-8, or not a language tag
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_notice_hash(
    const vpriv_notice *notice, uint8_t *sha256_out);

/** A yes/no fact of which nothing may be known; zero is "not known" and counts as the worse. */
typedef enum vpriv_fact {
    VPRIV_FACT_UNKNOWN = 0,
    VPRIV_FACT_NO = 1,
    VPRIV_FACT_YES = 2,
} vpriv_fact;

/** What is about to be done. */
typedef enum vpriv_decision_operation {
    VPRIV_DECISION_UNKNOWN = 0,
    VPRIV_DECISION_CAPTURE = 1, /**< take sound in; nothing of it may be kept for a purpose that is
                                     not storable, even when the answer is yes */
    VPRIV_DECISION_READ = 2,    /**< open a kept recording */
} vpriv_decision_operation;

/** Where the life of a recording stands, as far as a decision to read it needs. */
typedef enum vpriv_recording_state {
    VPRIV_RECORDING_NONE = 0,        /**< no recording, or not known */
    VPRIV_RECORDING_PROVISIONAL = 1, /**< the trigger is not confirmed */
    VPRIV_RECORDING_COMMITTED = 2,
    VPRIV_RECORDING_RESTRICTED = 3, /**< set aside: dispute or legal hold */
    VPRIV_RECORDING_SHREDDED = 4,   /**< its key is gone */
} vpriv_recording_state;

/** The number of uses left when a consent does not count them. */
#define VPRIV_USES_UNLIMITED UINT32_MAX

/** What a decision needs to know of one speaker, about the purpose in question. */
typedef struct vpriv_decision_subject {
    vpriv_subject_class subject_class;
    vpriv_consent_state state;
    int64_t valid_until_us;      /**< 0 is not known, VPRIV_TIME_FOREVER_US has no end */
    vpriv_fact uses_known;       /**< YES: uses_left can be relied on */
    uint32_t uses_left;          /**< VPRIV_USES_UNLIMITED when not counted */
    vpriv_fact notice_current;   /**< the notice consented to is the one in force */
    vpriv_fact recipient_named;  /**< the recipient stands in the record */
    vpriv_fact has_grant_key;    /**< the grant key of (subject, purpose) exists */
    vpriv_fact child_rule_holds; /**< the jurisdiction's rule on children is satisfied; YES for an
                                      adult */
    vpriv_fact form_suffices;    /**< the consent was given in the form that the jurisdiction asks
                                      for: expressly, in writing */
} vpriv_decision_subject;

#define VPRIV_DECISION_SUBJECTS_MAX 16

/** Everything a decision depends on. Zeroed, it says no. */
typedef struct vpriv_decision_input {
    size_t struct_size; /**< sizeof(vpriv_decision_input) */
    vpriv_decision_operation operation;
    vpriv_purpose purpose;
    vpriv_fact purpose_defined;  /**< the vault knows the purpose */
    vpriv_fact purpose_storable; /**< must agree with vpriv_purpose_about() for the purposes 0 to
                                    14; the vendor's choice for the others */
    int64_t now_us;              /**< UTC; before 1970 and after 2400 is not known */
    vpriv_fact jurisdiction_known;
    vpriv_fact lawful_here;         /**< no rule of a place that counts forbids the purpose */
    vpriv_fact paused;              /**< (purpose, jurisdiction) is paused; only NO goes on */
    vpriv_fact triggered_by_person; /**< asked for EXECUTE_REQUEST only */
    vpriv_fact recipient_known;     /**< whom it is for is known; the person counts */
    vpriv_fact all_parties;    /**< everybody who is heard must agree here; only NO goes without */
    vpriv_fact all_identified; /**< the speakers below are everybody who is heard */
    int64_t policy_age_us; /**< 0 or less is not known; a policy of this instant is 1 µs old. Not
                                asked for what serves the person alone */
    int64_t policy_ttl_us; /**< how old it may be; 0 or less is not known */
    vpriv_recording_state recording_state; /**< asked for READ only */
    int64_t retention_until_us; /**< first microsecond it may no longer be kept; 0 or less is not
                                     known; VPRIV_TIME_FOREVER_US is until erased; "do not save" is
                                     now_us. Asked whenever something is kept or read */
    uint32_t n_subjects;
    vpriv_decision_subject subjects[VPRIV_DECISION_SUBJECTS_MAX];
} vpriv_decision_input;

/** Why not: one bit for each reason. */
typedef enum vpriv_deny {
    VPRIV_DENY_INPUT_MALFORMED = 1 << 0,
    VPRIV_DENY_OPERATION_UNKNOWN = 1 << 1,
    VPRIV_DENY_PURPOSE_UNDEFINED = 1 << 2,
    VPRIV_DENY_PURPOSE_NOT_STORABLE = 1 << 3,
    VPRIV_DENY_PURPOSE_OTHER_BASIS = 1 << 4,
    VPRIV_DENY_NOT_TRIGGERED = 1 << 5,
    VPRIV_DENY_TIME_UNKNOWN = 1 << 6,
    VPRIV_DENY_JURISDICTION_UNKNOWN = 1 << 7,
    VPRIV_DENY_PAUSED = 1 << 8,
    VPRIV_DENY_POLICY_STALE = 1 << 9,
    VPRIV_DENY_RECIPIENT_UNKNOWN = 1 << 10,
    VPRIV_DENY_NO_SUBJECT = 1 << 11,
    VPRIV_DENY_SUBJECT_UNKNOWN = 1 << 12,
    VPRIV_DENY_SUBJECT_GUEST = 1 << 13,
    VPRIV_DENY_SUBJECT_BYSTANDER = 1 << 14,
    VPRIV_DENY_CHILD_RULE = 1 << 15,
    VPRIV_DENY_CONSENT_MISSING = 1 << 16,
    VPRIV_DENY_CONSENT_REFUSED = 1 << 17,
    VPRIV_DENY_CONSENT_WITHDRAWN = 1 << 18,
    VPRIV_DENY_CONSENT_REVOKED = 1 << 19,
    VPRIV_DENY_CONSENT_EXPIRED = 1 << 20,
    VPRIV_DENY_CONSENT_INVALIDATED = 1 << 21,
    VPRIV_DENY_USES_SPENT = 1 << 22,
    VPRIV_DENY_NOTICE_CHANGED = 1 << 23,
    VPRIV_DENY_RECIPIENT_NOT_NAMED = 1 << 24,
    VPRIV_DENY_NO_GRANT_KEY = 1 << 25,
    VPRIV_DENY_RECORDING_UNKNOWN = 1 << 26,
    VPRIV_DENY_RECORDING_PROVISIONAL = 1 << 27,
    VPRIV_DENY_RECORDING_RESTRICTED = 1 << 28,
    VPRIV_DENY_RECORDING_SHREDDED = 1 << 29,
    VPRIV_DENY_RETENTION_OVER = 1 << 30,
} vpriv_deny;

/** The rules of a place that counts forbid it, or ask for another form of consent. The last bit of the
 *  set; not in the enumeration because an enumerator is an int. */
#define VPRIV_DENY_NOT_LAWFUL_HERE ((vpriv_deny)((uint32_t)1 << 31))

/** How many reasons there are; they are the bits 0 to VPRIV_DENY_REASONS - 1. */
#define VPRIV_DENY_REASONS 32

/** Decide whether a recording may be taken or read for a purpose.
 *  A pure function: the same facts always give the same answer. Fails closed: what is missing, not
 *  known, malformed or newer than this library is a reason to say no, and so is a NULL input.
 *  Every reason comes back, not only the first. With several speakers all must allow it; a speaker
 *  who is not known, a guest or a bystander allows nothing but EXECUTE_REQUEST. Where everybody who is
 *  heard must agree (all_parties), a voice that may be nobody's (all_identified is not YES) is such a
 *  speaker: VPRIV_DENY_SUBJECT_UNKNOWN.
 *
 *  EXECUTE_REQUEST needs no consent, only a person who triggered it, the time, and a jurisdiction
 *  that is known, does not forbid it and is not paused; it permits sound in memory and nothing else. A
 *  yes to CAPTURE for another purpose that is not storable also permits sound in memory and nothing
 *  else.
 *
 *  With a policy that is too old, or not known, everything that rests on consent is closed except
 *  TRANSMIT_FOR_EXECUTION, KEEP_HISTORY and ON_DEVICE_ADAPTATION, which serve the person alone.
 *  @param      input        every fact that is known; NULL is denied
 *  @param[out] reasons_out  set of vpriv_deny; 0 is yes
 *  Owns:     borrows input for the call
 *  Threads:  any      Realtime: yes      Secrets: none
 *  @retval VPRIV_OK decided; the answer is in reasons_out
 *  @retval VPRIV_E_ARG reasons_out is NULL
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_decide(
    const vpriv_decision_input *input, uint32_t *reasons_out);

/** Name one reason the way logs and command lines write it: "notice_changed".
 *  @param      reason  exactly one bit of vpriv_deny; anything else gets a phrase of its own
 *  @return     static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_deny_name(vpriv_deny reason);

/** Explain one reason to a person, in one English sentence without a full stop.
 *  @param      reason  exactly one bit of vpriv_deny; anything else gets a phrase of its own
 *  @return     static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_deny_text(vpriv_deny reason);

#ifdef __cplusplus
}
#endif
#endif
