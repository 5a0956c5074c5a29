// Reads the keys about warm caches, and spells them again: the functions behind KeyRow::apply and KeyRow::settings.
#pragma once

#include <string_view>

#include "base/listed.hpp"
#include "policy/key_values.hpp"
#include "policy/keys.hpp"

namespace stepbox::policy {

inline constexpr std::string_view kWarmNameForm = "a name of up to 64 small letters, digits and ._-";
inline constexpr std::string_view kWarmSpecForm = "a warm cache's fields like {max: 20GiB, keep: 3}";

inline constexpr RecordField kWarmFields[] = {
    {"max", "a size like 8GiB or 512M"},
    {"keep", "a number of generations"},
    {"refresh", "an age like 30d, a size like 8GiB, or both", true},
    {"key", "a file below the checkout", true},
    {"directories", kRedirectForm, true},
    {"drop", "a pattern below these directories", true},
    {"merge", "unite, newest, whole or exclusive"},
};
inline constexpr auto kWarmFieldNames = column_of(kWarmFields, &RecordField::name);
inline constexpr auto kWarmSpecHelp = listed(kWarmFieldNames, ", ", ", ", "bounds a warm cache, or makes one: ");

// Adds the name. One that only the project named becomes the operator's when a layer above names it too.
Result<> apply_warm(Policy& policy, const Setting& setting);
Result<> apply_warm_offer(Policy& policy, const Setting& setting);
// The value is "FIELD=VALUE", or several with commas between. A list takes the place of the one of the layers below.
Result<> apply_warm_cache(Policy& policy, const Setting& setting);

std::vector<Setting> settings_of_warm(const Policy& policy);
std::vector<Setting> settings_of_warm_offer(const Policy& policy);
// As "max=20GiB", "key=go.sum,key=go.work", one for each field.
std::vector<Setting> settings_of_warm_caches(const Policy& policy);

}  // namespace stepbox::policy
