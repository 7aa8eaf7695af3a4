/* lexicon_tables.c - the words, as data. Lower case; synonyms that differ in nothing that
 * a contradiction could rest on. A row of opposites is short on purpose: each pair must
 * exclude each other when said of the same thing.
 */
#include "detect/lexicon_internal.h"

/* clang-format off: lists in rows. */
static const struct lexicon_row rows[] = {
    {WORD_STOP, "a an the is are was were be been being am it its this that these those "
                "of to in at by for with as and or but so do does did has have had "
                "will_be there their they we you he she his her i our your my also only just "
                "very quite really default set value equals currently_set into from"},
    {WORD_NOT, "not no never cannot without neither nor isn't aren't wasn't weren't don't "
               "doesn't didn't won't can't couldn't shouldn't wouldn't hasn't haven't hadn't "
               "mustn't nobody nothing lacks lack lacking non fails hardly"},
    {WORD_ABOUT, "about approximately approx circa ca roughly around nearly almost some "
                 "~ \xe2\x89\x88 ca. approx."},
    {WORD_ATMOST, "< <= \xe2\x89\xa4 under below maximum max atmost upto lessthan nomorethan "
                  "within fewerthan"},
    {WORD_ATLEAST, "> >= \xe2\x89\xa5 above minimum min atleast morethan nolessthan "
                   "exceeds exceeding"},
    {WORD_BETWEEN, "between range ranges"},
    {WORD_PAST, "formerly previously historically originally once usedto initially earlier "
                "until"},
    {WORD_NOW, "currently now presently today nowadays"},
    {WORD_FUTURE, "will planned plans upcoming future eventually soon"},
    {WORD_SAYS, "says said claims claimed argues argued believes believed reports reported "
                "states stated alleges alleged reportedly allegedly accordingto according "
                "wrote writes thinks suggests suggested insists"},
    {WORD_OPEN, "unknown n/a tbd tba unspecified undefined undetermined unclear ? - "
                "varies depends configurable variable various any"},
    {WORD_ADDITIVE, "uses use using supports support supported includes include including "
                    "contains contain containing provides provide offers offer accepts accept "
                    "lists mentions cites links imports depends requires wrote likes "
                    "speaks covers describes discusses exports calls owns sells "
                    "explains shows"},
    {WORD_ORDER, "before after than precedes follows over beneath outranks beats parent "
                 "child inside contains"},
};

static const struct lexicon_number numbers[] = {
    {WORD_NUMBER, "zero", 0}, {WORD_NUMBER, "one", 1}, {WORD_NUMBER, "two", 2},
    {WORD_NUMBER, "three", 3}, {WORD_NUMBER, "four", 4}, {WORD_NUMBER, "five", 5},
    {WORD_NUMBER, "six", 6}, {WORD_NUMBER, "seven", 7}, {WORD_NUMBER, "eight", 8},
    {WORD_NUMBER, "nine", 9}, {WORD_NUMBER, "ten", 10}, {WORD_NUMBER, "eleven", 11},
    {WORD_NUMBER, "twelve", 12}, {WORD_NUMBER, "fifteen", 15}, {WORD_NUMBER, "twenty", 20},
    {WORD_NUMBER, "thirty", 30}, {WORD_NUMBER, "forty", 40}, {WORD_NUMBER, "fifty", 50},
    {WORD_NUMBER, "sixty", 60}, {WORD_NUMBER, "seventy", 70}, {WORD_NUMBER, "eighty", 80},
    {WORD_NUMBER, "ninety", 90}, {WORD_NUMBER, "half", 0.5},
    {WORD_SCALE, "dozen", 12}, {WORD_SCALE, "hundred", 100}, {WORD_SCALE, "thousand", 1000},
    {WORD_SCALE, "million", 1e6}, {WORD_SCALE, "billion", 1e9}, {WORD_SCALE, "trillion", 1e12},
};

static const char *const notions[] = {
    "enabled enable enables on active activated true yes | "
        "disabled disable disables off inactive deactivated false",
    "allowed allow allows permitted permit permits legal authorized permissible | "
        "forbidden forbid forbids prohibited prohibit prohibits banned denied deny denies illegal "
        "disallowed disallow",
    "required require mandatory obligatory compulsory necessary | optional voluntary "
        "elective",
    "open opened opens | closed close closes shut",
    "present exists exist available | absent missing unavailable nonexistent",
    "increase increases increased increasing rise rises rising rose grows grow growing grew up | "
        "decrease decreases decreased decreasing fall falls falling fell shrinks shrink shrinking "
        "drops dropped declines declined down",
    "high higher highest | low lower lowest",
    "hot warm | cold cool",
    "fast faster quick rapid | slow slower sluggish",
    "big bigger large larger huge | small smaller little tiny",
    "good better positive beneficial | bad worse negative harmful poor",
    "strong stronger robust | weak weaker fragile feeble",
    "safe secure harmless | unsafe insecure dangerous hazardous risky",
    "alive living | dead deceased extinct",
    "public | private",
    "internal | external",
    "synchronous sync | asynchronous async",
    "static fixed constant | dynamic",
    "mutable changeable writable | immutable readonly read-only",
    "local | remote",
    "full | empty vacant",
    "accept accepted approve approves approved pass passes passed succeed succeeds succeeded "
        "success successful | reject rejected refuse refused fail failed failure unsuccessful",
    "correct right accurate valid | incorrect wrong inaccurate invalid",
    "guilty | innocent",
    "possible feasible | impossible infeasible",
    "visible shown | invisible hidden",
    "first | last final",
    "start starts started begin begins began | end ends ended finish finishes finished stop stops "
        "stopped",
    "early | late",
    "old ancient | new modern",
    "young | elderly",
    "light | heavy",
    "long longer | short shorter",
    "wide broad | narrow",
    "deep | shallow",
    "thick | thin",
    "tall | low-built",
    "hard difficult | easy simple",
    "rich wealthy | impoverished",
    "cheap inexpensive affordable | expensive costly",
    "free gratis | paid commercial",
    "clean | dirty",
    "dry | wet moist",
    "loud noisy | quiet silent",
    "bright | dark dim",
    "left | right-hand",
    "north northern | south southern",
    "east eastern | west western",
    "ascending | descending",
    "maximum-only | minimum-only",
    "vertical | horizontal",
    "parallel concurrent | sequential serial",
    "connected online | disconnected offline",
    "locked | unlocked",
    "encrypted | plaintext unencrypted cleartext",
    "stable | unstable volatile",
    "common frequent | rare scarce infrequent",
    "same identical equal | different distinct unequal",
    "always | rarely",
    "everyone everybody all | none",
    "more | less fewer",
    "many | few",
    "win wins won | lose loses lost",
    "buy buys bought | sell",
    "push pushes | pull pulls",
    "add adds added | remove removes removed delete deletes deleted",
    "include-only | excluded exclude excludes",
    "true-positive | false-positive",
    "male | female",
    "married | single unmarried divorced",
    "war | peace",
    "friend ally | enemy foe",
    "healthy | sick ill diseased",
    "toxic poisonous | nontoxic",
    "acidic | alkaline",
    "solid | liquid",
    "liked loved love loves | hated hate hates",
    "agree agrees agreed | disagree disagrees disagreed",
    "support-for | oppose opposes opposed against",
    "import-only | export-only",
    "upstream | downstream",
    "master primary leader | replica secondary follower",
    "client | server",
    "signed | unsigned",
    "lossless | lossy",
    "blocking | nonblocking non-blocking",
    "stateful | stateless",
    "compiled | interpreted",
    "deprecated obsolete | maintained recommended",
    "deterministic | random nondeterministic stochastic",
    "linear | nonlinear",
    "dense | sparse",
    "eager | lazy",
    "smooth | rough",
    "sharp | blunt dull",
    "sweet | bitter sour",
    "brave | cowardly",
    "honest | dishonest",
    "polite | rude",
    "victory | defeat",
    "profit profitable | loss unprofitable",
    "arrive arrives arrived | depart departs departed leave leaves left-off",
    "expand expands expanded | contract-in contracts contracted",
    "promote promotes promoted activates | inhibit inhibits inhibited suppresses blocks",
    "upper | bottom",
    "inside | outside",
    "automatic automated | manual",
    "temporary transient | permanent persistent",
    "urgent | unimportant",
    /* synonyms only */
    "repair repairs fix fixes",
    "purchase acquire",
    "car automobile",
    "picture image",
    "big-endian bigendian",
    "little-endian littleendian",
    "unlimited infinite unbounded",
    "choose select pick",
    "quit exit",
    "error fault",
    "directory folder",
    "method approach",
    "doctor physician",
    "happy glad",
    "postgresql postgres",
    "javascript js",
    "kubernetes k8s",
    "usa us united-states",
    "uk united-kingdom",
};

static const struct unit_word units[] = {
    {"ns", DIMENSION_TIME, 1e-9, 0}, {"us", DIMENSION_TIME, 1e-6, 0},
    {"\xc2\xb5s", DIMENSION_TIME, 1e-6, 0}, {"\xce\xbcs", DIMENSION_TIME, 1e-6, 0},
    {"ms", DIMENSION_TIME, 1e-3, 0}, {"millisecond", DIMENSION_TIME, 1e-3, 0},
    {"milliseconds", DIMENSION_TIME, 1e-3, 0}, {"microseconds", DIMENSION_TIME, 1e-6, 0},
    {"s", DIMENSION_TIME, 1, 0}, {"sec", DIMENSION_TIME, 1, 0}, {"secs", DIMENSION_TIME, 1, 0},
    {"second", DIMENSION_TIME, 1, 0}, {"seconds", DIMENSION_TIME, 1, 0},
    {"min", DIMENSION_TIME, 60, 0}, {"mins", DIMENSION_TIME, 60, 0},
    {"minute", DIMENSION_TIME, 60, 0}, {"minutes", DIMENSION_TIME, 60, 0},
    {"h", DIMENSION_TIME, 3600, 0}, {"hr", DIMENSION_TIME, 3600, 0},
    {"hrs", DIMENSION_TIME, 3600, 0}, {"hour", DIMENSION_TIME, 3600, 0},
    {"hours", DIMENSION_TIME, 3600, 0}, {"d", DIMENSION_TIME, 86400, 0},
    {"day", DIMENSION_TIME, 86400, 0}, {"days", DIMENSION_TIME, 86400, 0},
    {"week", DIMENSION_TIME, 604800, 0}, {"weeks", DIMENSION_TIME, 604800, 0},
    {"month", DIMENSION_TIME, 2629800, 0}, {"months", DIMENSION_TIME, 2629800, 0},
    {"year", DIMENSION_TIME, 31557600, 0}, {"years", DIMENSION_TIME, 31557600, 0},
    {"B", DIMENSION_BYTES, 1, 0}, {"byte", DIMENSION_BYTES, 1, 0},
    {"bytes", DIMENSION_BYTES, 1, 0}, {"KB", DIMENSION_BYTES, 1e3, 0},
    {"kB", DIMENSION_BYTES, 1e3, 0}, {"kb", DIMENSION_BYTES, 1e3, 0},
    {"MB", DIMENSION_BYTES, 1e6, 0}, {"mb", DIMENSION_BYTES, 1e6, 0},
    {"GB", DIMENSION_BYTES, 1e9, 0}, {"gb", DIMENSION_BYTES, 1e9, 0},
    {"TB", DIMENSION_BYTES, 1e12, 0}, {"tb", DIMENSION_BYTES, 1e12, 0},
    {"kib", DIMENSION_BYTES, 1024, 0}, {"mib", DIMENSION_BYTES, 1048576, 0},
    {"gib", DIMENSION_BYTES, 1073741824, 0}, {"tib", DIMENSION_BYTES, 1099511627776, 0},
    {"kilobyte", DIMENSION_BYTES, 1e3, 0}, {"kilobytes", DIMENSION_BYTES, 1e3, 0},
    {"megabyte", DIMENSION_BYTES, 1e6, 0}, {"megabytes", DIMENSION_BYTES, 1e6, 0},
    {"gigabyte", DIMENSION_BYTES, 1e9, 0}, {"gigabytes", DIMENSION_BYTES, 1e9, 0},
    {"bit", DIMENSION_BYTES, 0.125, 0}, {"bits", DIMENSION_BYTES, 0.125, 0},
    {"B/s", DIMENSION_BYTES_RATE, 1, 0}, {"kb/s", DIMENSION_BYTES_RATE, 1e3, 0},
    {"mb/s", DIMENSION_BYTES_RATE, 1e6, 0}, {"gb/s", DIMENSION_BYTES_RATE, 1e9, 0},
    {"kib/s", DIMENSION_BYTES_RATE, 1024, 0}, {"mib/s", DIMENSION_BYTES_RATE, 1048576, 0},
    {"gib/s", DIMENSION_BYTES_RATE, 1073741824, 0}, {"kbit/s", DIMENSION_BYTES_RATE, 125, 0},
    {"mbit/s", DIMENSION_BYTES_RATE, 125e3, 0}, {"gbit/s", DIMENSION_BYTES_RATE, 125e6, 0},
    {"Mbps", DIMENSION_BYTES_RATE, 125e3, 0}, {"mbps", DIMENSION_BYTES_RATE, 125e3, 0},
    {"gbps", DIMENSION_BYTES_RATE, 125e6, 0}, {"kbps", DIMENSION_BYTES_RATE, 125, 0},
    {"req/s", DIMENSION_RATE, 1, 0}, {"requests/s", DIMENSION_RATE, 1, 0},
    {"ops/s", DIMENSION_RATE, 1, 0}, {"/s", DIMENSION_RATE, 1, 0},
    {"rps", DIMENSION_RATE, 1, 0}, {"/min", DIMENSION_RATE, 1.0 / 60, 0},
    {"req/min", DIMENSION_RATE, 1.0 / 60, 0}, {"requests/min", DIMENSION_RATE, 1.0 / 60, 0},
    {"nm", DIMENSION_LENGTH, 1e-9, 0}, {"mm", DIMENSION_LENGTH, 1e-3, 0},
    {"cm", DIMENSION_LENGTH, 1e-2, 0}, {"m", DIMENSION_LENGTH, 1, 0},
    {"km", DIMENSION_LENGTH, 1e3, 0}, {"meter", DIMENSION_LENGTH, 1, 0},
    {"meters", DIMENSION_LENGTH, 1, 0}, {"metre", DIMENSION_LENGTH, 1, 0},
    {"metres", DIMENSION_LENGTH, 1, 0}, {"kilometer", DIMENSION_LENGTH, 1e3, 0},
    {"kilometers", DIMENSION_LENGTH, 1e3, 0}, {"kilometre", DIMENSION_LENGTH, 1e3, 0},
    {"kilometres", DIMENSION_LENGTH, 1e3, 0}, {"centimeters", DIMENSION_LENGTH, 1e-2, 0},
    {"centimetres", DIMENSION_LENGTH, 1e-2, 0}, {"inch", DIMENSION_LENGTH, 0.0254, 0},
    {"inches", DIMENSION_LENGTH, 0.0254, 0}, {"ft", DIMENSION_LENGTH, 0.3048, 0},
    {"feet", DIMENSION_LENGTH, 0.3048, 0}, {"mile", DIMENSION_LENGTH, 1609.344, 0},
    {"miles", DIMENSION_LENGTH, 1609.344, 0}, {"mi", DIMENSION_LENGTH, 1609.344, 0},
    {"mg", DIMENSION_MASS, 1e-3, 0}, {"g", DIMENSION_MASS, 1, 0}, {"kg", DIMENSION_MASS, 1e3, 0},
    {"gram", DIMENSION_MASS, 1, 0}, {"grams", DIMENSION_MASS, 1, 0},
    {"kilogram", DIMENSION_MASS, 1e3, 0}, {"kilograms", DIMENSION_MASS, 1e3, 0},
    {"t", DIMENSION_MASS, 1e6, 0}, {"tonne", DIMENSION_MASS, 1e6, 0},
    {"tonnes", DIMENSION_MASS, 1e6, 0}, {"lb", DIMENSION_MASS, 453.59237, 0},
    {"lbs", DIMENSION_MASS, 453.59237, 0}, {"pounds", DIMENSION_MASS, 453.59237, 0},
    {"Hz", DIMENSION_FREQUENCY, 1, 0}, {"hz", DIMENSION_FREQUENCY, 1, 0},
    {"khz", DIMENSION_FREQUENCY, 1e3, 0}, {"mhz", DIMENSION_FREQUENCY, 1e6, 0},
    {"ghz", DIMENSION_FREQUENCY, 1e9, 0}, {"mW", DIMENSION_POWER, 1e-3, 0},
    {"W", DIMENSION_POWER, 1, 0}, {"watt", DIMENSION_POWER, 1, 0},
    {"watts", DIMENSION_POWER, 1, 0}, {"kW", DIMENSION_POWER, 1e3, 0},
    {"MW", DIMENSION_POWER, 1e6, 0}, {"J", DIMENSION_ENERGY, 1, 0},
    {"kJ", DIMENSION_ENERGY, 1e3, 0}, {"Wh", DIMENSION_ENERGY, 3600, 0},
    {"kwh", DIMENSION_ENERGY, 3.6e6, 0}, {"kcal", DIMENSION_ENERGY, 4184, 0},
    {"mV", DIMENSION_VOLTAGE, 1e-3, 0}, {"V", DIMENSION_VOLTAGE, 1, 0},
    {"volt", DIMENSION_VOLTAGE, 1, 0}, {"volts", DIMENSION_VOLTAGE, 1, 0},
    {"kV", DIMENSION_VOLTAGE, 1e3, 0}, {"mA", DIMENSION_CURRENT, 1e-3, 0},
    {"A", DIMENSION_CURRENT, 1, 0}, {"amps", DIMENSION_CURRENT, 1, 0},
    {"\xc2\xb0" "C", DIMENSION_TEMPERATURE, 1, 273.15},
    {"C", DIMENSION_TEMPERATURE, 1, 273.15}, {"celsius", DIMENSION_TEMPERATURE, 1, 273.15},
    {"\xc2\xb0" "F", DIMENSION_TEMPERATURE, 5.0 / 9, 255.3722222222222},
    {"F", DIMENSION_TEMPERATURE, 5.0 / 9, 255.3722222222222},
    {"fahrenheit", DIMENSION_TEMPERATURE, 5.0 / 9, 255.3722222222222},
    {"K", DIMENSION_TEMPERATURE, 1, 0}, {"kelvin", DIMENSION_TEMPERATURE, 1, 0},
    {"ml", DIMENSION_VOLUME, 1e-3, 0}, {"l", DIMENSION_VOLUME, 1, 0},
    {"L", DIMENSION_VOLUME, 1, 0}, {"mL", DIMENSION_VOLUME, 1e-3, 0},
    {"liter", DIMENSION_VOLUME, 1, 0}, {"liters", DIMENSION_VOLUME, 1, 0},
    {"litre", DIMENSION_VOLUME, 1, 0}, {"litres", DIMENSION_VOLUME, 1, 0},
    {"m/s", DIMENSION_SPEED, 1, 0}, {"km/h", DIMENSION_SPEED, 1 / 3.6, 0},
    {"kph", DIMENSION_SPEED, 1 / 3.6, 0}, {"mph", DIMENSION_SPEED, 0.44704, 0},
    {"Pa", DIMENSION_PRESSURE, 1, 0}, {"hpa", DIMENSION_PRESSURE, 100, 0},
    {"kpa", DIMENSION_PRESSURE, 1e3, 0}, {"mpa", DIMENSION_PRESSURE, 1e6, 0},
    {"bar", DIMENSION_PRESSURE, 1e5, 0}, {"psi", DIMENSION_PRESSURE, 6894.757, 0},
    {"$", DIMENSION_DOLLAR, 1, 0}, {"usd", DIMENSION_DOLLAR, 1, 0},
    {"dollar", DIMENSION_DOLLAR, 1, 0}, {"dollars", DIMENSION_DOLLAR, 1, 0},
    {"cents", DIMENSION_DOLLAR, 0.01, 0}, {"\xe2\x82\xac", DIMENSION_EURO, 1, 0},
    {"eur", DIMENSION_EURO, 1, 0}, {"euro", DIMENSION_EURO, 1, 0},
    {"euros", DIMENSION_EURO, 1, 0}, {"\xc2\xa3", DIMENSION_POUND, 1, 0},
    {"gbp", DIMENSION_POUND, 1, 0}, {"px", DIMENSION_PIXEL, 1, 0},
    {"pixels", DIMENSION_PIXEL, 1, 0}, {"%", DIMENSION_NONE, 0.01, 0},
    {"percent", DIMENSION_NONE, 0.01, 0}, {"ppm", DIMENSION_NONE, 1e-6, 0},
    {"k", DIMENSION_NONE, 1e3, 0}, {"M", DIMENSION_NONE, 1e6, 0},
};

static const struct lexicon_predicate predicates[] = {
    {PREDICATE_ADDITIVE, "tag, tags, see also, author, authors, keyword, keywords, alias, aliases, "
                         "also known as, link, links, links to, mention, mentions, reference, "
                         "references, cites, citation, citations, contributor, contributors, "
                         "maintainers, reviewers, editors, member, members, example, examples, "
                         "note, notes, feature, features, dependency, dependencies, depends on, "
                         "requires, uses, includes, contains, supports, related, related to, "
                         "category, categories, topic, topics, label, labels, translation, "
                         "translations, languages, platforms, sponsors, children, comment, "
                         "comments, hobby, hobbies, skill, skills, ingredient, ingredients, "
                         "symptom, symptoms, synonym, synonyms, task, tasks, goal, goals, step, "
                         "steps, todo, changelog, observation, observations, image, images"},
    {PREDICATE_STRUCTURAL, "document, passage"},
};
/* clang-format on */

const struct lexicon_row *lexicon_rows(size_t *out_count)
{
    *out_count = sizeof rows / sizeof rows[0];
    return rows;
}

const struct lexicon_number *lexicon_numbers(size_t *out_count)
{
    *out_count = sizeof numbers / sizeof numbers[0];
    return numbers;
}

const char *const *lexicon_notions(size_t *out_count)
{
    *out_count = sizeof notions / sizeof notions[0];
    return notions;
}

const struct unit_word *lexicon_units(size_t *out_count)
{
    *out_count = sizeof units / sizeof units[0];
    return units;
}

const struct lexicon_predicate *lexicon_predicates(size_t *out_count)
{
    *out_count = sizeof predicates / sizeof predicates[0];
    return predicates;
}
