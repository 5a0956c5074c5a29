#include "sandbox/stat_line.hpp"

#include "base/text.hpp"

namespace stepbox::sandbox {

StatLine::StatLine(std::string_view text) {
  const size_t open = text.find('(');
  const size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close + 2 > text.size() || close < open)
    return;
  name_ = text.substr(open + 1, close - open - 1);
  fields_ = split(text.substr(close + 2), ' ');
}

std::string_view StatLine::field(size_t number) const {
  constexpr size_t kFirst = 3;
  return number >= kFirst && number - kFirst < fields_.size() ? fields_[number - kFirst] : std::string_view();
}

int StatLine::integer(size_t number) const { return number_in<int>(field(number)); }
unsigned long long StatLine::count(size_t number) const { return number_in<unsigned long long>(field(number)); }

}  // namespace stepbox::sandbox
