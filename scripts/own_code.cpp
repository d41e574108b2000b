// A plugin of clang-tidy 16: checks match only declarations outside system headers. Their findings in those headers are
// never shown, but matching them there takes most of the time. Built and tested by scripts/tidy.sh.
#include <clang/AST/ASTConsumer.h>
#include <clang/AST/ASTContext.h>
#include <clang/Frontend/FrontendPluginRegistry.h>

#include <memory>
#include <string>
#include <vector>

namespace {

class OwnCode : public clang::ASTConsumer {
  void HandleTranslationUnit(clang::ASTContext& context) override {
    const clang::SourceManager& source = context.getSourceManager();
    std::vector<clang::Decl*> own;
    for (clang::Decl* declaration : context.getTranslationUnitDecl()->decls())
      if (!source.isInSystemHeader(source.getExpansionLoc(declaration->getLocation()))) own.push_back(declaration);
    context.setTraversalScope(own);
  }
};

// Runs before clang-tidy's own action, without being asked for on the command line.
class Limit : public clang::PluginASTAction {
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance&, llvm::StringRef) override {
    return std::make_unique<OwnCode>();
  }
  bool ParseArgs(const clang::CompilerInstance&, const std::vector<std::string>&) override { return true; }
  ActionType getActionType() override { return AddBeforeMainAction; }
};

const clang::FrontendPluginRegistry::Add<Limit> kRegistered("own-code", "match declarations outside system headers");

}  // namespace
