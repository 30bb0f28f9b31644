// SPDX-License-Identifier: Apache-2.0
#include "compiler/operands.h"

#include "compiler/epilogue.h"
#include "compiler/ordered_sums.h"
#include "schedules/model.h"

#include <algorithm>

namespace convt {

using Halide::Argument;
using Halide::Expr;
using Halide::Func;
using Halide::ImageParam;
using Halide::Var;

namespace {

template <typename Extent>
std::vector<Extent> with_parts(std::vector<Extent> extents, int parts) {
    if (parts > 1) extents.insert(extents.begin(), parts);
    return extents;
}

// The buffer's own extent of dimension `d`, `part` not counted.
Expr runtime_extent(const ImageParam& image, int parts, int d) {
    return image.dim(d + (parts > 1 ? 1 : 0)).extent();
}

std::array<KernelAxis, 3> kernel_axes(const Problem& problem, const ImageParam& input) {
    const std::array<Axis, 3> axes = axes_xyz(problem);
    const auto axis = [&](std::size_t a) {
        return KernelAxis(axes[a], runtime_extent(input, problem.types().parts(), static_cast<int>(a)));
    };
    return {axis(0), axis(1), axis(2)};
}

// Those of the input that are open are its own.
std::vector<Expr> spatial_extents(const Operands& operands, bool output) {
    const Problem& p = operands.problem;
    std::vector<Expr> extents;
    for (const KernelAxis& axis : operands.axes)
        extents.push_back(output ? axis.output_extent() : axis.is_open() ? Expr() : axis.input_extent);
    extents.emplace_back(output ? operands.out_channels : operands.in_channels);
    extents.emplace_back(to_int(p.groups));
    const Expr batch = output ? runtime_extent(operands.input, operands.parts, 5) : Expr();
    extents.push_back(p.open_batch ? batch : Expr(to_int(p.batch)));
    return with_parts(extents, operands.parts);
}

void set_dense(ImageParam& param, const std::vector<int>& extents) {
    Expr stride = 1;
    for (int d = 0; d < static_cast<int>(extents.size()); ++d) {
        param.dim(d).set_bounds(0, extents[static_cast<std::size_t>(d)]).set_stride(stride);
        stride = Halide::Internal::simplify(stride * extents[static_cast<std::size_t>(d)]);
    }
}

ImageParam image(ElementType type, const char* name, int dimensions) {
    return {scalar_type(type), dimensions + (element_type_info(type).parts > 1 ? 1 : 0), name};
}

Element or_zero(const Expr& condition, Element value) {
    for (Expr& part : value)
        part = Halide::select(condition, part, Halide::cast(part.type(), 0));
    return value;
}

Element image_element(const ImageParam& image, std::vector<Expr> index, int parts) {
    if (parts == 1) return {image(index)};
    index.insert(index.begin(), 0);
    const Expr real = image(index);
    index[0] = 1;
    return {real, image(index)};
}

}  // namespace

Halide::Type scalar_type(ElementType type) {
    const ElementTypeInfo& info = element_type_info(type);
    return {static_cast<halide_type_code_t>(info.kind), info.scalar_bytes * 8, 1};
}

Operands::Operands(const Problem& p) : Operands(p, image(p.types().input, "x", 6)) {}

Operands::Operands(const Problem& p, const ImageParam& shared_input)
    : problem(p),
      input(shared_input),
      axes(kernel_axes(p, input)),
      phase{PhaseTable(axes[0]), PhaseTable(axes[1]), PhaseTable(axes[2])},
      parts(p.types().parts()),
      scalar(scalar_type(p.types().sum)),
      in_channels(to_int(p.in_channels / p.groups)),
      out_channels(to_int(p.out_channels / p.groups)),
      bias(image(p.types().sum, "bias", 2)),
      epilogue(p.epilogue_operands()) {
    const std::vector<int> by_channel = with_parts(std::vector{out_channels, to_int(p.groups)}, parts);
    set_spatial_bounds(input, spatial_extents(*this, false), parts, p.input_layout == Layout::channels_last);
    set_dense(bias, by_channel);
    for (const EpilogueOperand& operand : epilogue) {
        const bool whole = operand.shape == OperandShape::as_output;
        ImageParam& param = epilogue_params.emplace_back(image(operand.type, operand.name.c_str(), whole ? 6 : 2));
        if (whole)
            set_spatial_bounds(param, spatial_extents(*this, true), parts, p.output_layout == Layout::channels_last);
        else
            set_dense(param, by_channel);
    }
}

void Operands::use_dot_products(int width) {
    dot_ = width;
}

ElementType Operands::packed_type() const {
    return dot_ > 1 ? problem.types().weights : problem.types().sum;
}

void Operands::set_packed(const std::vector<int>& extents) {
    packed_extents_ = extents;
    if (parts > 1) packed_extents_.insert(packed_extents_.begin() + 1, parts);
    if (dot_ > 1) packed_extents_.insert(packed_extents_.begin(), dot_);
    packed = ImageParam(scalar_type(packed_type()), static_cast<int>(packed_extents_.size()), "w");
    set_dense(packed, packed_extents_);
    packed.set_host_alignment(64);
}

Expr Operands::index_inside(std::size_t axis, const Expr& at, Expr& inside) const {
    const KernelAxis& a = axes[axis];
    const Expr& extent = a.input_extent;
    if (a.input == 1 && a.output() == 1 && a.kernel == 1 && a.pad_low == 0) return 0;
    inside = inside && at >= 0 && at < extent;
    return Halide::clamp(at, 0, KernelAxis::last(extent));
}

Element Operands::input_element(std::vector<Expr> index) const {
    Element value = image_element(input, std::move(index), parts);
    for (Expr& part : value) {
        part = Halide::cast(scalar, part);
        if (problem.input_zero != 0) part = part - to_int(problem.input_zero);
    }
    return value;
}

Func Operands::padded() const {
    Var x("x"), y("y"), z("z"), c("c"), g("g"), n("n");
    Expr inside = Halide::Internal::const_true();
    const Expr ix = index_inside(0, x, inside), iy = index_inside(1, y, inside), iz = index_inside(2, z, inside);
    Func f("padded");
    f(x, y, z, c, g, n) = as_tuple(or_zero(inside, input_element({ix, iy, iz, c, g, n})));
    return f;
}

Func Operands::padded_dots() const {
    Var x("x"), y("y"), z("z"), k("k"), g("g"), n("n"), r("r");
    Expr inside = Halide::Internal::const_true();
    const Expr ix = index_inside(0, x, inside), iy = index_inside(1, y, inside), iz = index_inside(2, z, inside);
    Expr c = k * dot_ + r;
    if (in_channels % dot_ != 0) {
        inside = inside && c < in_channels;
        c = Halide::min(c, in_channels - 1);
    }
    Func f("padded");
    Expr value = input(ix, iy, iz, c, g, n);
    if (problem.types().input == ElementType::s8)  // wraps
        value = Halide::cast<std::uint8_t>(value) + Halide::cast<std::uint8_t>(signed_by);
    f(x, y, z, k, g, n, r) = Halide::select(inside, value, Halide::cast(value.type(), dot_zero()));
    return f;
}

PaddedRows Operands::padded_rows() const {
    Var x("x"), y("y"), z("z"), c("c"), g("g"), n("n");
    PaddedRows rows{Func("padded"), Halide::RDom(0, axes[0].input_extent, "columns")};
    rows.func(x, y, z, c, g, n) = as_tuple(zero(*this));
    Expr inside = Halide::Internal::const_true();
    const Expr iy = index_inside(1, y, inside), iz = index_inside(2, z, inside);
    rows.func(rows.columns[0], y, z, c, g, n) =
        as_tuple(or_zero(inside, input_element({rows.columns[0], iy, iz, c, g, n})));
    return rows;
}

Element Operands::in_place(const std::array<Expr, 6>& at) const {
    using Halide::Internal::Call;
    const Expr& width = axes[0].input_extent;
    const Expr inside = at[0] >= 0 && at[0] < width;
    // Bounds inference sees the rows clamped.
    Expr row_inside = Halide::Internal::const_true();
    const Expr y = index_inside(1, at[1], row_inside), z = index_inside(2, at[2], row_inside);
    Element value =
        input_element({Halide::unsafe_promise_clamped(at[0], 0, KernelAxis::last(width)), y, z, at[3], at[4], at[5]});
    // Vectorized, a load that is the sole branch of this takes its condition as a mask.
    for (Expr& part : value)
        part = Call::make(part.type(), Call::if_then_else, {inside, part}, Call::PureIntrinsic);
    return or_zero(inside, value);
}

Element Operands::start(const Expr& c, const Expr& g, bool rounded_up) const {
    if (!problem.bias) return zero(*this);
    const Expr channel = rounded_up ? Halide::min(c, out_channels - 1) : c;
    return image_element(bias, {channel, g}, parts);
}

Element Operands::weight(const Expr& lane, std::vector<Expr> rest) const {
    Element value;
    for (int part = 0; part < parts; ++part) {
        std::vector<Expr> index{lane};
        if (parts > 1) index.emplace_back(part);
        index.insert(index.end(), rest.begin(), rest.end());
        value.push_back(packed(index));
    }
    return value;
}

Expr Operands::dot_weight(const Expr& r, const Expr& lane, std::vector<Expr> rest) const {
    rest.insert(rest.begin(), {r, lane});
    return Halide::cast(scalar, packed(rest));
}

std::size_t Operands::first_at_place() const {
    const auto found = std::ranges::find(epilogue, OperandShape::as_output, &EpilogueOperand::shape);
    return found == epilogue.end() ? problem.epilogue.size() : found->op;
}

Element Operands::apply(std::size_t op, Element value, const std::vector<Expr>& place) const {
    const auto found = std::ranges::find(epilogue, op, &EpilogueOperand::op);
    Element o(value.size());
    if (found != epilogue.end()) {
        const ImageParam& param = epilogue_params[static_cast<std::size_t>(found - epilogue.begin())];
        const bool whole = found->shape == OperandShape::as_output;
        o = image_element(param, whole ? place : std::vector<Expr>{place[3], place[4]}, parts);
        for (Expr& part : o)
            part = Halide::cast(scalar_type(problem.types().epilogue), part);
    }
    for (std::size_t part = 0; part < value.size(); ++part)
        value[part] = epilogue_value(problem.epilogue[op], value[part], o[part]);
    // Each operation names its value several times: without lets, a chain of them would be a tree of exponential size.
    if (problem.epilogue.size() > 1) {
        for (Expr& part : value)
            part = Halide::Internal::common_subexpression_elimination(part);
    }
    return value;
}

Element Operands::finish_channel(Element sum, const Expr& c, const Expr& g, bool rounded_up) const {
    const Expr channel = rounded_up ? Halide::min(c, out_channels - 1) : c;
    for (Expr& part : sum)
        part = Halide::cast(scalar_type(problem.types().epilogue), part);
    for (std::size_t op = 0; op < first_at_place(); ++op)
        sum = apply(op, std::move(sum), {Expr(), Expr(), Expr(), channel, g, Expr()});
    return sum;
}

Element Operands::finish_place(Element value, const std::vector<Expr>& place) const {
    for (std::size_t op = first_at_place(); op < problem.epilogue.size(); ++op)
        value = apply(op, std::move(value), place);
    return value;
}

Element Operands::finish(const Element& sum, const std::vector<Expr>& place) const {
    return finish_place(finish_channel(sum, place[3], place[4], false), place);
}

Element Operands::multiply_add(const Element& sum, const Element& a, const Element& b) const {
    const bool ordered = problem.rounds_in_order();
    const auto product = [ordered](const Expr& u, const Expr& v) { return ordered ? product_in_order(u, v) : u * v; };
    if (parts == 1) return {sum[0] + product(a[0], b[0])};
    if (ordered) {
        const Expr minus = Halide::Internal::make_const(scalar, -0.0) - a[1];
        return {(sum[0] + product(a[0], b[0])) + product(minus, b[1]),
                (sum[1] + product(a[0], b[1])) + product(a[1], b[0])};
    }
    return {(sum[0] + a[0] * b[0]) - a[1] * b[1], (sum[1] + a[0] * b[1]) + a[1] * b[0]};
}

Expr Operands::stored(const Element& value, const Expr& part) const {
    const Halide::Type type = scalar_type(problem.types().output);
    const Expr whole = parts > 1 ? Halide::mux(part, {value[0], value[1]}) : value[0];
    if (type.is_float() || !whole.type().is_float()) return Halide::cast(type, whole);
    // Halide rounds to even.
    const Expr rounded = Halide::clamp(Halide::round(whole), Halide::cast(whole.type(), type.min()),
                                       Halide::cast(whole.type(), type.max()));
    return Halide::cast(type, rounded);
}

Func Operands::output(const Element& value, const std::array<Var, 6>& vars, const Var& part) const {
    std::vector<Var> args(vars.begin(), vars.end());
    if (parts > 1) args.insert(args.begin(), part);
    Func f("y");
    f(args) = stored(value, part);
    const std::vector<Expr> extents = spatial_extents(*this, true);
    for (std::size_t d = 0; d < args.size(); ++d)
        f.bound(args[d], 0, extents[d]);
    set_spatial_bounds(f.output_buffer(), extents, parts, problem.output_layout == Layout::channels_last);
    return f;
}

std::vector<Argument> Operands::arguments() const {
    std::vector<Argument> args{input, packed};
    if (problem.bias) args.emplace_back(bias);
    args.insert(args.end(), epilogue_params.begin(), epilogue_params.end());
    return args;
}

Element zero(const Operands& operands) {
    return Element(static_cast<std::size_t>(operands.parts), Halide::cast(operands.scalar, 0));
}

Element element(const Halide::FuncRef& value, int parts) {
    if (parts == 1) return {Expr(value)};
    return {value[0], value[1]};
}

Halide::Tuple as_tuple(const Element& value) {
    return Halide::Tuple(value);
}

void set_spatial_bounds(Halide::OutputImageParam buffer, const std::vector<Expr>& extents, int parts,
                        bool channels_last) {
    const int first = parts > 1 ? 1 : 0;
    for (int d = 0; d < static_cast<int>(extents.size()); ++d) {
        const Expr& extent = extents[static_cast<std::size_t>(d)];
        buffer.dim(d).set_min(0);
        if (extent.defined()) buffer.dim(d).set_extent(extent);
    }
    const int channel = first + 3;
    if (parts > 1) buffer.dim(0).set_stride(1);
    if (channels_last) {
        buffer.dim(first).set_stride(Expr());
        buffer.dim(channel).set_stride(parts);
        buffer.dim(channel + 1)
            .set_stride(Halide::Internal::simplify(parts * extents[static_cast<std::size_t>(channel)]));
    } else {
        buffer.dim(first).set_stride(parts);
    }
}

}  // namespace convt
