# Reference values for test_mmrm_reference_against_gls.py, printed as Python.
# Run: Rscript tests/agreement/r/mmrm_gls.R ../shared/data/statistics/fev_from_mmrm_apache2.csv
# The FEV1 example data are those of the R package mmrm (openpharma/mmrm, Apache-2.0); they are read, not copied.
suppressMessages(library(nlme))
path <- commandArgs(trailingOnly = TRUE)[1]
fev <- read.csv(path)
fev <- fev[!is.na(fev$FEV1), ]
fev <- fev[order(fev$USUBJID, fev$AVISIT), ]
fev$visit <- as.integer(factor(fev$AVISIT))
fev$week <- c(0, 1, 2.5, 6)[fev$visit]
fev$slack <- 1 / fev$WEIGHT
tight <- glsControl(
  maxIter = 2000, msMaxIter = 5000, tolerance = 1e-14, msTol = 1e-15, opt = "nlminb", returnObject = TRUE
)
own <- ~ 1 | visit
plain <- FEV1 ~ ARMCD * AVISIT + SEX
structures <- list(
  cs = list(corCompSymm(form = ~ visit | USUBJID), NULL),
  csh = list(corCompSymm(form = ~ visit | USUBJID), varIdent(form = own)),
  ar1 = list(corAR1(form = ~ visit | USUBJID), NULL),
  ar1h = list(corAR1(form = ~ visit | USUBJID), varIdent(form = own)),
  sp_exp = list(corExp(form = ~ week | USUBJID), NULL),
  us = list(corSymm(form = ~ visit | USUBJID), varIdent(form = own))
)
weighted <- list(
  cs = list(corCompSymm(form = ~ visit | USUBJID), varFixed(~slack)),
  ar1 = list(corAR1(form = ~ visit | USUBJID), varFixed(~slack)),
  csh = list(corCompSymm(form = ~ visit | USUBJID), varComb(varIdent(form = own), varFixed(~slack))),
  sp_exp = list(corExp(form = ~ week | USUBJID), varFixed(~slack))
)
line <- function(name, method, part) {
  call <- list(plain, data = fev, correlation = part[[1]], method = method, control = tight)
  if (!is.null(part[[2]])) call$weights <- part[[2]]
  fit <- do.call(gls, call)
  # gls multiplies the covariance matrix of ML estimates by N / (N - p); the maximum of the likelihood itself does not.
  undo <- if (method == "ML") (nrow(fev) - length(coef(fit))) / nrow(fev) else 1
  values <- c(as.numeric(logLik(fit)), fit$sigma, coef(fit)[["ARMCDTRT:AVISITVIS4"]], sqrt(undo * fit$varBeta[9, 9]))
  cat(sprintf('    ("%s", "%s"): (%s),\n', name, method, paste(formatC(values, digits = 14, format = "g"), collapse = ", ")))
}
cat("# ", R.version.string, ", nlme ", as.character(packageVersion("nlme")), "\n", sep = "")
for (set in c("structures", "weighted")) {
  cat(toupper(set), "= {\n")
  parts <- get(set)
  for (name in names(parts)) for (method in c("REML", "ML")) line(name, method, parts[[name]])
  cat("}\n")
}
