// SPDX-License-Identifier: Apache-2.0
// The body of a function: registers and their scopes, labels, instructions with their operands.
#include "tests/support/ptx/parser.h"

#include <fmt/format.h>
#include <charconv>

namespace convt::ptx {
namespace {

// `%r<463>` declares %r0 to %r462, a name without brackets itself.
struct Scope {
    struct Range {
        unsigned first = 0;
        unsigned count = 0;
    };
    std::map<std::string, Range, std::less<>> ranges;
    std::map<std::string, unsigned, std::less<>> names;

    int find(std::string_view name) const {
        if (const auto it = names.find(name); it != names.end()) return static_cast<int>(it->second);
        const std::size_t digits = name.find_last_not_of("0123456789") + 1;
        const auto range = ranges.find(name.substr(0, digits));
        unsigned number = 0;
        if (digits == name.size() || range == ranges.end()) return -1;
        const auto [end, error] = std::from_chars(name.data() + digits, name.data() + name.size(), number);
        if (error != std::errc() || number >= range->second.count) return -1;
        return static_cast<int>(range->second.first + number);
    }
};

class Body {
  public:
    Body(Cursor& cursor, Function& function) : cursor_(cursor), function_(function) {}

    void run() {
        cursor_.expect("{");
        scopes_.emplace_back();
        while (!scopes_.empty())
            statement();
        for (const auto& [label, line] : wanted_) {
            if (!function_.labels.contains(label)) throw Error(line, fmt::format("no label {}", label));
        }
    }

  private:
    void statement() {
        if (cursor_.take("{")) {
            scopes_.emplace_back();
        } else if (cursor_.take("}")) {
            scopes_.pop_back();
        } else if (cursor_.is("@") || !cursor_.peek().text.starts_with('.')) {
            if (cursor_.at_end()) cursor_.fail(fmt::format("the body of {} is not closed", function_.name));
            if (cursor_.peek(1).text == ":" && cursor_.peek().kind == Token::Kind::word) return label();
            instruction();
        } else {
            directive();
        }
    }

    void label() {
        const Token name = cursor_.next();
        cursor_.expect(":");
        if (!function_.labels.emplace(std::string(name.text), function_.body.size()).second) {
            throw Error(name.line, fmt::format("label {} twice", name.text));
        }
    }

    void directive() {
        const Token word = cursor_.next();
        if (word.text == ".reg") {
            registers();
        } else if (word.text == ".pragma") {
            cursor_.next();
        } else if (word.text == ".loc" || word.text == ".file") {
            while (!cursor_.at_end() && cursor_.line() == word.line)
                cursor_.next();
            return;
        } else if (const auto space = space_named(word.text.substr(1)); space && *space != Space::param) {
            function_.variables.push_back(parse_variable(cursor_, *space));
        } else {
            throw Error(word.line, fmt::format("directive {} is not known here", word.text));
        }
        cursor_.expect(";");
    }

    void registers() {
        if (cursor_.at_end()) cursor_.fail("expected the type of a register");
        const std::optional<Type> type = type_named(cursor_.peek().text.substr(1));
        if (!type) cursor_.fail("expected the type of a register");
        cursor_.next();
        do {
            const std::string name = cursor_.word("the name of a register");
            const auto first = static_cast<unsigned>(function_.registers.size());
            std::int64_t count = 1;
            if (cursor_.take("<")) {
                count = cursor_.integer();
                if (count < 0 || count > 1'000'000) cursor_.fail("so many registers");
                cursor_.expect(">");
                scopes_.back().ranges[name] = {first, static_cast<unsigned>(count)};
            } else {
                scopes_.back().names[name] = first;
            }
            function_.registers.resize(first + static_cast<std::size_t>(count), *type);
        } while (cursor_.take(","));
    }

    void instruction() {
        Instruction instruction;
        if (cursor_.take("@")) {
            instruction.guard_negated = cursor_.take("!");
            const Operand guard = operand();
            if (guard.kind != Operand::Kind::reg) cursor_.fail("expected a predicate before this");
            instruction.guard = static_cast<int>(guard.reg);
        }
        instruction.line = cursor_.line();
        instruction.name = cursor_.word("an instruction");
        const bool jumps = instruction.name == "bra" || instruction.name.substr(0, 4) == "bra.";
        while (!cursor_.take(";")) {
            if (!instruction.operands.empty()) cursor_.expect(",");
            instruction.operands.push_back(operand());
            if (jumps && instruction.operands.back().kind == Operand::Kind::name) {
                wanted_.emplace_back(instruction.operands.back().name, instruction.line);
            }
        }
        function_.body.push_back(std::move(instruction));
    }

    Operand operand() {
        Operand first = simple_operand();
        if (!cursor_.take("|")) return first;
        Operand pair;
        pair.kind = Operand::Kind::pair;
        pair.parts.push_back(std::move(first));
        pair.parts.push_back(simple_operand());
        return pair;
    }

    Operand simple_operand() {
        Operand result;
        if (cursor_.take("!")) {
            result = simple_operand();
            result.negated = true;
        } else if (cursor_.take("{")) {
            result.kind = Operand::Kind::vector;
            do
                result.parts.push_back(simple_operand());
            while (cursor_.take(","));
            cursor_.expect("}");
        } else if (cursor_.take("[")) {
            result.kind = Operand::Kind::address;
            result.parts.push_back(simple_operand());
            if (cursor_.take("+") || cursor_.is("-")) result.offset = cursor_.integer();
            cursor_.expect("]");
        } else if (cursor_.is("-") || cursor_.peek().kind == Token::Kind::number) {
            number(result);
        } else {
            name(result);
        }
        return result;
    }

    void number(Operand& result) {
        const std::string_view text = cursor_.peek().text;
        const std::string_view prefix = text.substr(0, 2);
        if (prefix == "0f" || prefix == "0F" || prefix == "0d" || prefix == "0D") {
            const Token token = cursor_.next();
            const bool is_double = prefix[1] == 'd' || prefix[1] == 'D';
            if (text.size() != (is_double ? 18U : 10U))
                throw Error(token.line, fmt::format("'{}' is no real number", text));
            result.kind = Operand::Kind::real;
            result.type = is_double ? Type::f64 : Type::f32;
            result.bits = integer_literal(fmt::format("0x{}", text.substr(2)), token.line);
        } else {
            result.kind = Operand::Kind::integer;
            result.bits = static_cast<std::uint64_t>(cursor_.integer());
        }
    }

    void name(Operand& result) {
        result.name = cursor_.word("an operand");
        if (result.name == "_") return;
        result.kind = Operand::Kind::name;
        for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
            const int reg = scope->find(result.name);
            if (reg < 0) continue;
            result.kind = Operand::Kind::reg;
            result.reg = static_cast<unsigned>(reg);
            result.type = function_.registers[result.reg];
            return;
        }
    }

    Cursor& cursor_;
    Function& function_;
    std::vector<Scope> scopes_;
    std::vector<std::pair<std::string, int>> wanted_;
};

}  // namespace

void parse_body(Cursor& cursor, Function& function) {
    Body(cursor, function).run();
}

}  // namespace convt::ptx
