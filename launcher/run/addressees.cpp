#include "run/addressees.hpp"

#include <algorithm>

namespace stepbox::run {

using sandbox::Whom;

void Addressees::heard(int signal, Time now, sys::SignalSet neighbour) {
  const bool with_neighbour = sys::has(neighbour, signal);
  const auto known = std::ranges::find(heard_, signal, &Heard::signal);
  if (known == heard_.end()) heard_.push_back({signal, now, now + kPatience, with_neighbour});
  else known->with_neighbour |= with_neighbour;
}

std::optional<Addressees::Time> Addressees::next() const {
  const auto first = std::ranges::min_element(heard_, {}, &Heard::until);
  return first == heard_.end() ? std::nullopt : std::optional(first->until);
}

std::optional<Addressees::Meant> Addressees::take(Time now, sys::SignalSet neighbour, sys::SignalSet witness) {
  for (auto at = heard_.begin(); at != heard_.end(); ++at) {
    if (now < at->until) continue;
    const bool everyone = sys::has(witness, at->signal);
    const bool neighbour_has = at->with_neighbour || sys::has(neighbour, at->signal);
    if (!everyone && neighbour_has && !at->with_neighbour && now < at->since + kLongPatience) {
      at->until = at->since + kLongPatience;
      continue;
    }
    const Meant meant{at->signal, everyone ? Whom::nobody : neighbour_has ? Whom::group : Whom::command};
    heard_.erase(at);
    return meant;
  }
  return std::nullopt;
}

bool Addressees::hears(int signal) const { return std::ranges::find(heard_, signal, &Heard::signal) != heard_.end(); }

}  // namespace stepbox::run
