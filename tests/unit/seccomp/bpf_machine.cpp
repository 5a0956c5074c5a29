#include "seccomp/bpf_machine.hpp"

#include <array>
#include <cstring>
#include <stdexcept>

namespace stepbox::test {
namespace {

uint32_t operand(const sock_filter& line, uint32_t x) {
  return BPF_SRC(line.code) == BPF_X ? x : line.k;
}

uint32_t computed(const sock_filter& line, uint32_t a, uint32_t x) {
  const uint32_t b = operand(line, x);
  switch (BPF_OP(line.code)) {
    case BPF_ADD: return a + b;
    case BPF_SUB: return a - b;
    case BPF_MUL: return a * b;
    case BPF_AND: return a & b;
    case BPF_OR: return a | b;
    case BPF_XOR: return a ^ b;
    case BPF_LSH: return a << (b & 31);
    case BPF_RSH: return a >> (b & 31);
    case BPF_NEG: return 0 - a;
  }
  throw std::logic_error("an operation that seccomp does not know");
}

bool is_true(const sock_filter& line, uint32_t a, uint32_t x) {
  const uint32_t b = operand(line, x);
  switch (BPF_OP(line.code)) {
    case BPF_JEQ: return a == b;
    case BPF_JGT: return a > b;
    case BPF_JGE: return a >= b;
    case BPF_JSET: return (a & b) != 0;
  }
  throw std::logic_error("a jump that seccomp does not know");
}

uint32_t loaded(const sock_filter& line, const seccomp_data& call, const std::array<uint32_t, BPF_MEMWORDS>& memory) {
  switch (BPF_MODE(line.code)) {
    case BPF_IMM: return line.k;
    case BPF_MEM: return memory.at(line.k);
    case BPF_ABS: {
      if (line.k % 4 != 0 || line.k + 4 > sizeof call) throw std::logic_error("a load from outside seccomp_data");
      uint32_t word = 0;
      std::memcpy(&word, reinterpret_cast<const char*>(&call) + line.k, sizeof word);
      return word;
    }
  }
  throw std::logic_error("a load that seccomp does not know");
}

}  // namespace

uint32_t answer_of(std::span<const sock_filter> program, const seccomp_data& call) {
  uint32_t a = 0, x = 0;
  std::array<uint32_t, BPF_MEMWORDS> memory{};
  for (size_t at = 0; at < program.size(); ++at) {
    const sock_filter& line = program[at];
    switch (BPF_CLASS(line.code)) {
      case BPF_LD: a = loaded(line, call, memory); break;
      case BPF_LDX: x = loaded(line, call, memory); break;
      case BPF_ST: memory.at(line.k) = a; break;
      case BPF_STX: memory.at(line.k) = x; break;
      case BPF_ALU: a = computed(line, a, x); break;
      case BPF_JMP:
        if (BPF_OP(line.code) == BPF_JA)
          at += line.k;
        else
          at += is_true(line, a, x) ? line.jt : line.jf;
        break;
      case BPF_RET: return BPF_RVAL(line.code) == BPF_A ? a : line.k;
      case BPF_MISC: (BPF_MISCOP(line.code) == BPF_TAX ? x : a) = BPF_MISCOP(line.code) == BPF_TAX ? a : x; break;
      default: throw std::logic_error("an instruction that seccomp does not know");
    }
  }
  throw std::logic_error("the program runs over its end");
}

}  // namespace stepbox::test
